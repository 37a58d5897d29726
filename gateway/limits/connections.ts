import type { Socket } from "node:net";

export type ConnectionLimit = {
  /** Counts a new connection until it closes. False if its address has too many. */
  admit(socket: Socket): boolean;
};

export type ConnectionLimitOptions = {
  /** Open connections of one address; null is off. */
  most: number | null;
  /** True for a proxy, which has many clients behind it. */
  isExempt: (address: string) => boolean;
  /** Maps an address to the group that is counted. */
  group: (address: string) => string;
};

/** Counts the open connections of addresses. */
export type ConnectionCounts = {
  /** Counts one more; false if the address has too many. */
  enter(address: string): boolean;
  /** One that was counted has closed. */
  leave(address: string): void;
};

export function createConnectionCounts(options: ConnectionLimitOptions): ConnectionCounts {
  const { most, isExempt, group } = options;
  const open = new Map<string, number>();
  return {
    enter(address) {
      if (most === null || isExempt(plain(address))) return true;
      const name = group(plain(address));
      const count = open.get(name) ?? 0;
      if (count >= most) return false;
      open.set(name, count + 1);
      return true;
    },
    leave(address) {
      const name = group(plain(address));
      const left = (open.get(name) ?? 0) - 1;
      if (left > 0) open.set(name, left);
      else open.delete(name);
    },
  };
}

/** Limits the connections of one address, so that one machine cannot take all sockets. */
export function createConnectionLimit(options: ConnectionLimitOptions): ConnectionLimit {
  const counts = createConnectionCounts(options);
  return {
    admit(socket) {
      const address = socket.remoteAddress;
      if (options.most === null || address === undefined) return true;
      if (!counts.enter(address)) return false;
      socket.once("close", () => counts.leave(address));
      return true;
    },
  };
}

const plain = (address: string): string =>
  address.startsWith("::ffff:") ? address.slice(7) : address;
