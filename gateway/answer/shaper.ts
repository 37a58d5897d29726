/** Bytes, or the same as latin1 text: one character a byte, which joins and leaves faster. */
export type Bytes = Buffer | string;

/**
 * Turns an upstream's bytes into what the client gets, and keeps the end back until it is settled.
 */
export type Shaper = {
  /** What may go out now; null where nothing may yet. */
  push(chunk: Buffer): Bytes | null;
  /**
   * Once, after the upstream's last byte: what was kept back, to be sent when the accounts are
   * closed. Throws a GatewayError where the answer was cut.
   */
  finish(): Bytes | null;
  /** True for whole events: only between those may a keep-alive or an error stand. */
  readonly streams: boolean;
  /** True where bytes change on the way, so that the upstream's length does not hold. */
  readonly edits: boolean;
  /** True once an error or the dialect's own last event went by: nothing may follow. */
  readonly ended: boolean;
  /** The id the upstream gave its answer, where one was read. */
  readonly upstreamId: string | null;
};
