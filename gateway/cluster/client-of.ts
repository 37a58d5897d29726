import type { Socket } from "node:net";
import { passedPorts } from "../exchange.ts";

/** The client of a connection that is passed on: who it is, and where it came in. */
type PassedClient = {
  readonly remoteAddress: string | undefined;
  readonly localPort: number | undefined;
};

/** The first line of a connection that a worker passes on. */
export const clientLine = ({ remoteAddress, localPort }: Socket): string =>
  `${JSON.stringify({ remoteAddress, localPort } satisfies PassedClient)}\n`;

/** Of one that another gateway passes on. Its ports may be others than those of this gateway. */
type ClientElsewhere = {
  readonly remoteAddress: string | undefined;
  /** Whether it came in on PUBLIC_PORT. */
  readonly isPublic: boolean;
};

/** The first line of a connection that a gateway passes on to another one. */
export const clientElsewhereLine = ({ remoteAddress }: Socket, isPublic: boolean): string =>
  `${JSON.stringify({ remoteAddress, isPublic } satisfies ClientElsewhere)}\n`;

/** Who passes a connection on. */
export type PassedBy = "worker" | "gateway";

/** The longest first line. Bytes. */
const longestLine = 256;

/**
 * Reads the first line of a passed connection and gives the socket that client's address and port.
 * Calls back when that is done; a connection without such a line is closed.
 */
export function readClient(socket: Socket, by: PassedBy, ready: () => void): void {
  const look = (): void => {
    const bytes: Buffer | null = socket.read();
    if (bytes === null) {
      socket.once("readable", look);
      return;
    }
    const end = bytes.indexOf(10);
    if (end < 0 && bytes.length < longestLine) {
      socket.unshift(bytes);
      socket.once("readable", look);
      return;
    }
    const client = end < 0 ? null : clientIn(bytes.toString("utf8", 0, end), by);
    if (client === null) {
      socket.destroy();
      return;
    }
    if (end + 1 < bytes.length) socket.unshift(bytes.subarray(end + 1));
    standFor(socket, client);
    ready();
  };
  look();
}

function clientIn(line: string, by: PassedBy): PassedClient | null {
  try {
    if (by === "worker") return JSON.parse(line) as PassedClient;
    const { remoteAddress, isPublic } = JSON.parse(line) as ClientElsewhere;
    if (typeof isPublic !== "boolean") return null;
    return { remoteAddress, localPort: isPublic ? passedPorts.public : passedPorts.main };
  } catch {
    return null;
  }
}

/** From here on the socket says that it is the client's. */
function standFor(socket: Socket, { remoteAddress, localPort }: PassedClient): void {
  Object.defineProperty(socket, "remoteAddress", { value: remoteAddress });
  Object.defineProperty(socket, "localPort", { value: localPort });
}
