import { carriesToken, carriesUsage, type StreamEnd } from "../dialects/stream-events.ts";
import type { Timings, Usage } from "../dialects/usage.ts";
import { createUsageReader } from "../dialects/usage-reader.ts";
import type { Dialect } from "../exchange.ts";

/** What was seen of an answer. Times are milliseconds since the exchange began. */
export type Reading = {
  /** The upstream's status; 0 where it never answered. */
  status: number;
  firstTokenMs: number | null;
  usage: Usage;
  timings: Timings | null;
  /** The answer came to its own end. */
  finished: boolean;
  /** The upstream reported an error in the stream. */
  failed: boolean;
  /** The upstream's own id, where it was told; null where only the answer shows it. */
  upstreamId: string | null;
};

/** Watches an answer go by; changes nothing. */
export type Meter = {
  begun(status: number): void;
  /** One whole server-sent event, as latin1 text, and whether it ends the stream. */
  event(event: string, end: StreamEnd | null): void;
  /** A whole JSON answer. */
  body(bytes: Buffer): void;
  /** A piece of a JSON answer that passes unread. */
  chunk(bytes: Buffer): void;
  /** The upstream's last byte has come. */
  ended(): void;
  reading(): Reading;
  /** The upstream's own id for its answer, where the answer itself does not show it. */
  named(id: string): void;
  /** The usage that the upstream has told so far. */
  told(): Usage;
};

const unknownUsage: Usage = {
  input: null,
  output: null,
  cached: null,
  reasoning: null,
  source: null,
};

/** The reading of an answer of which nothing is known. */
export const nothingRead: Reading = {
  status: 0,
  firstTokenMs: null,
  usage: unknownUsage,
  timings: null,
  finished: false,
  failed: false,
  upstreamId: null,
};

/** Of a JSON answer that passes in pieces, this much is kept to find its usage in. Bytes. */
const maxKept = 4 * 1024 * 1024;

/** @param prompts - how many prompts a text completion asks for; 1 for all else. */
export function createMeter(dialect: Dialect, prompts: number, startedMono: number): Meter {
  const reader = createUsageReader(prompts);
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let tail: Buffer | null = null;
  let status = 0;
  let tokens = 0;
  let streamed = false;
  let firstTokenMs: number | null = null;
  let finished = false;
  let failed = false;
  let upstreamId: string | null = null;

  function readPieces(): void {
    if (keptBytes === 0) return;
    reader.readAnswer(Buffer.concat(kept));
    if (tail === null) return;
    // Too long to keep: OpenAI's order has the usage at the very end.
    const at = tail.lastIndexOf('"usage"');
    if (at >= 0) reader.readAnswer(Buffer.concat([Buffer.from("{"), tail.subarray(at)]));
  }

  return {
    begun(seen) {
      status = seen;
      // A first try may have failed in its stream.
      failed = false;
    },
    event(event, end) {
      streamed = true;
      if (carriesToken(event, dialect)) {
        tokens++;
        firstTokenMs ??= performance.now() - startedMono;
      }
      if (carriesUsage(event, dialect)) reader.readEvent(event);
      if (end === "error") failed = true;
      else if (end === "last") finished = true;
    },
    body(bytes) {
      reader.readAnswer(bytes);
    },
    chunk(bytes) {
      if (keptBytes < maxKept) {
        kept.push(bytes);
        keptBytes += bytes.length;
      } else tail = bytes;
    },
    ended() {
      finished = true;
      readPieces();
    },
    named(id) {
      upstreamId = id;
    },
    told: () => reader.finished(),
    reading() {
      const usage = finished ? reader.finished() : streamed ? reader.cut(tokens) : unknownUsage;
      const timings = reader.timings();
      return { status, firstTokenMs, usage, timings, finished, failed, upstreamId };
    },
  };
}
