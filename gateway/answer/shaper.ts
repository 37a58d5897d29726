import type { Framing } from "../dialects/framing.ts";
import { GatewayError } from "../errors.ts";

/** Bytes, or the same as latin1 text: one character a byte, which joins and leaves faster. */
export type Bytes = Buffer | string;

/**
 * Turns an upstream's bytes into what the client gets, and keeps the end back until it is settled.
 */
export type Shaper = {
  /** What may go out now; null for nothing yet. */
  push(chunk: Buffer): Bytes | null;
  /**
   * Once, after the upstream's last byte: what was kept back, to be sent when the accounts are
   * closed. Throws a GatewayError if the answer was cut.
   */
  finish(): Bytes | null;
  /**
   * The framing of whole events; null for all else. A keep-alive or an error may stand only between
   * whole events.
   */
  readonly framing: Framing | null;
  /** True if bytes change on the way, so that the upstream's length is wrong. */
  readonly edits: boolean;
  /** True once an error or the dialect's own last event went by: nothing may follow. */
  readonly ended: boolean;
  /**
   * True once the answer has said how it ended. Only its numbers and its last event may follow; some
   * servers keep the connection open then.
   */
  readonly isWhole?: boolean;
  /** Events of a stream that went out so far, comments aside. */
  readonly sent?: number;
  /** The id the upstream gave its answer; null before one was read. */
  readonly upstreamId: string | null;
};

/** An answer that is kept whole is no longer: half of what a text can hold. Bytes. */
const longest = 256 * 1024 * 1024;

/** The size of an answer with this piece. Throws `upstream_error` if the answer never ends. */
export function wholeSize(before: number, piece: Buffer): number {
  const size = before + piece.length;
  if (size > longest)
    throw new GatewayError("upstream_error", "The upstream's answer is too long.");
  return size;
}
