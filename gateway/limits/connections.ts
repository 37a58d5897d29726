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

/** Limits the connections of one address, so that one machine cannot take all sockets. */
export function createConnectionLimit(options: ConnectionLimitOptions): ConnectionLimit {
  const { most, isExempt, group } = options;
  const open = new Map<string, number>();

  return {
    admit(socket) {
      const address = socket.remoteAddress;
      if (most === null || address === undefined || isExempt(plain(address))) return true;
      const name = group(plain(address));
      const count = open.get(name) ?? 0;
      if (count >= most) return false;
      open.set(name, count + 1);
      socket.once("close", () => {
        const left = (open.get(name) ?? 1) - 1;
        if (left > 0) open.set(name, left);
        else open.delete(name);
      });
      return true;
    },
  };
}

const plain = (address: string): string =>
  address.startsWith("::ffff:") ? address.slice(7) : address;
