import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** Remembers when the certificate of a server ends. */
export type CertificateWatch = {
  /** Epoch ms; null: none was seen. */
  readonly ends: number | null;
  /** A connection is open. */
  see(socket: Socket): void;
};

/** Reading it costs a tenth of a handshake, and it changes a few times a year. Milliseconds. */
const freshMs = 60_000;

export function createCertificateWatch(now: () => number = Date.now): CertificateWatch {
  let ends: number | null = null;
  let seenAt = Number.NEGATIVE_INFINITY;
  return {
    get ends() {
      return ends;
    },
    see(socket) {
      if (!(socket instanceof TLSSocket) || now() - seenAt < freshMs) return;
      seenAt = now();
      const time = Date.parse(socket.getPeerCertificate().valid_to);
      if (!Number.isNaN(time)) ends = time;
    },
  };
}
