import type { Socket } from "node:net";

/** A client that reads less than this for a whole window is cut. Bytes a second. */
const leastRate = 8 * 1024;
/** Milliseconds. */
const windowMs = 60_000;

/** Node counts here what it has given to the system, and what the system has not taken. */
type Counting = { readonly bytesWritten?: number; readonly writeQueueSize?: number };

/** What the system has taken so far of what was written to the socket; null if it is closed. */
function takenOf(socket: Socket & { readonly _handle?: Counting | null }): number | null {
  const handle = socket._handle ?? null;
  return handle === null ? null : (handle.bytesWritten ?? 0) - (handle.writeQueueSize ?? 0);
}

/**
 * How fast the client of one answer reads. Only the time counts in which it is behind, so a slow
 * upstream is never the client's fault. Times are monotonic milliseconds.
 */
export class ReadingRate {
  #since: number | null = null;
  #taken = 0;

  /** Called every few seconds. True if the client was behind, and too slow, for a minute. */
  isTooSlow(socket: Socket | null, now: number): boolean {
    const taken = socket === null ? null : takenOf(socket);
    if (socket === null || taken === null || socket.writableLength === 0) {
      this.#since = null;
      return false;
    }
    if (this.#since === null) {
      this.#since = now;
      this.#taken = taken;
      return false;
    }
    const ms = now - this.#since;
    if (ms < windowMs) return false;
    const rate = ((taken - this.#taken) / ms) * 1000;
    this.#since = now;
    this.#taken = taken;
    return rate < leastRate;
  }
}
