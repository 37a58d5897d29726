import { type DialectName, dialects } from "../dialects/all.ts";
import type { Dialect } from "../dialects/dialect.ts";
import type { Field } from "../dialects/json/json-scan.ts";
import type { StreamEnd } from "../dialects/stream-end.ts";
import type { Timings, Usage } from "../dialects/usage.ts";
import { createUsageReader, type UsageReader } from "../dialects/usage-reader.ts";

/** What was seen of an answer. Times are milliseconds since the exchange began. */
export type MeterReading = {
  /** The upstream's status; 0 if it did not answer. */
  status: number;
  firstTokenMs: number | null;
  usage: Usage;
  timings: Timings | null;
  /** The answer came to its own end. */
  finished: boolean;
  /** The upstream reported an error in the stream. */
  failed: boolean;
  /** The upstream's own id; null if only the answer shows it. */
  upstreamId: string | null;
};

/** Reads an answer while it passes. Changes nothing. */
export type Meter = {
  begun(status: number): void;
  /** One whole event, as latin1 text, and whether it ends the stream. */
  event(event: string, end: StreamEnd | null): void;
  /** A whole JSON answer, and its top-level fields where they are known. */
  body(bytes: Buffer, fields?: readonly Field[]): void;
  /** A piece of a JSON answer that passes unread. */
  chunk(bytes: Buffer): void;
  /** The upstream's last byte has come. */
  ended(): void;
  reading(): MeterReading;
  /** The upstream's own id, for an answer that does not show it. */
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

/** The reading of an answer before anything is known. */
export const nothingRead: MeterReading = {
  status: 0,
  firstTokenMs: null,
  usage: unknownUsage,
  timings: null,
  finished: false,
  failed: false,
  upstreamId: null,
};

/** How much of a JSON answer in pieces is kept, to find its usage. Bytes. */
const maxKept = 4 * 1024 * 1024;

/** @param prompts - how many prompts a text completion asks for; 1 for all else. */
export function createMeter(dialect: DialectName, prompts: number, startedMono: number): Meter {
  return new AnswerMeter(dialect, prompts, startedMono);
}

class AnswerMeter implements Meter {
  readonly #dialect: Dialect;
  readonly #startedMono: number;
  readonly #reader: UsageReader;
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #tail: Buffer | null = null;
  #status = 0;
  #tokens = 0;
  #streamed = false;
  #firstTokenMs: number | null = null;
  #finished = false;
  #failed = false;
  #upstreamId: string | null = null;

  constructor(dialect: DialectName, prompts: number, startedMono: number) {
    this.#dialect = dialects[dialect];
    this.#startedMono = startedMono;
    this.#reader = createUsageReader(this.#dialect.usage, prompts);
  }

  begun(status: number): void {
    this.#status = status;
    // The first attempt may have failed in its stream.
    this.#failed = false;
  }

  event(event: string, end: StreamEnd | null): void {
    this.#streamed = true;
    const { events, framing } = this.#dialect;
    if (events.carriesToken(event)) {
      this.#tokens++;
      this.#firstTokenMs ??= performance.now() - this.#startedMono;
    }
    if (events.carriesUsage(event)) this.#reader.readEvent(framing.events.dataOf(event));
    if (end === "error") this.#failed = true;
    else if (end === "last") this.#finished = true;
  }

  body(bytes: Buffer, fields?: readonly Field[]): void {
    this.#reader.readAnswer(bytes, fields);
  }

  chunk(bytes: Buffer): void {
    if (this.#keptBytes < maxKept) {
      this.#kept.push(bytes);
      this.#keptBytes += bytes.length;
    } else this.#tail = bytes;
  }

  ended(): void {
    this.#finished = true;
    this.#readPieces();
  }

  named(id: string): void {
    this.#upstreamId = id;
  }

  told(): Usage {
    return this.#reader.finished();
  }

  reading(): MeterReading {
    return {
      status: this.#status,
      firstTokenMs: this.#firstTokenMs,
      usage: this.#usage(),
      timings: this.#reader.timings(),
      finished: this.#finished,
      failed: this.#failed,
      upstreamId: this.#upstreamId,
    };
  }

  #usage(): Usage {
    if (this.#finished) return this.#reader.finished();
    return this.#streamed ? this.#reader.cut(this.#tokens) : unknownUsage;
  }

  #readPieces(): void {
    if (this.#keptBytes === 0) return;
    this.#reader.readAnswer(Buffer.concat(this.#kept));
    if (this.#tail === null) return;
    // Too long to keep: OpenAI's order has the usage at the very end.
    const at = this.#tail.lastIndexOf('"usage"');
    if (at < 0) return;
    this.#reader.readAnswer(Buffer.concat([Buffer.from("{"), this.#tail.subarray(at)]));
  }
}
