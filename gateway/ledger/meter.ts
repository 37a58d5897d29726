import { type DialectName, dialects } from "../dialects/all.ts";
import type { Dialect } from "../dialects/dialect.ts";
import type { Field } from "../dialects/json/json-scan.ts";
import { carriesUsage } from "../dialects/openai/openai-events.ts";
import { eventData } from "../dialects/sse/event-data.ts";
import type { StreamEnd } from "../dialects/stream-end.ts";
import { commonUsage, type Timings, type Usage } from "../dialects/usage.ts";
import { createUsageReader, type UsageReader } from "../dialects/usage-reader.ts";
import { type PassedText, PassingText } from "./passing-text.ts";

/** What was seen of an answer. Times are milliseconds since the exchange began. */
export type MeterReading = {
  /** The upstream's status; 0 if it did not answer. */
  status: number;
  firstTokenMs: number | null;
  usage: Usage;
  /** What was seen to pass, whether or not the upstream told its numbers. */
  passed: PassedText;
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
  /** `converts`: the upstream's own events and body tell its usage, not those for the client. */
  begun(status: number, converts?: boolean): void;
  /** Nothing of the answer was sent, and another upstream may be asked: its numbers do not count. */
  takenBack(): void;
  /** One whole event of an upstream whose answer is converted, as latin1 text. */
  upstreamEvent(event: string): void;
  /** A whole JSON answer of such an upstream. */
  upstreamBody(bytes: Buffer): void;
  /** One whole event, as latin1 text, and whether it ends the stream. */
  event(event: string, end: StreamEnd | null): void;
  /** The text of an event that brings nothing else, as it stands in JSON. */
  text(text: string): void;
  /** A whole JSON answer, and its top-level fields where they are known. */
  body(bytes: Buffer, fields?: readonly Field[]): void;
  /** A piece of a JSON answer that passes unread. */
  chunk(bytes: Buffer): void;
  /** The upstream's last byte has come. */
  ended(): void;
  reading(): MeterReading;
  /** The upstream's own id, for an answer that does not show it. */
  named(id: string): void;
  /** The usage that the upstream has told so far, and its own times. */
  told(): Usage;
  timings(): Timings | null;
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
  passed: { tokens: 0, text: "" },
  finished: false,
  failed: false,
  upstreamId: null,
};

/** How much of a JSON answer in pieces is kept, to find its usage. Bytes. */
const maxKept = 4 * 1024 * 1024;

/** The same of its end, where most servers have their usage. */
const maxTail = 64 * 1024;

export type MeterOptions = {
  /** How many prompts a text completion asks for; 1 for all else. */
  prompts: number;
  /** When the exchange began, in monotonic milliseconds. */
  startedMono: number;
  /** Keeps the text that passes, so that a tokenizer can count it. */
  keepsText?: boolean;
};

export function createMeter(dialect: DialectName, options: MeterOptions): Meter {
  return new AnswerMeter(dialect, options);
}

class AnswerMeter implements Meter {
  readonly #dialect: Dialect;
  readonly #options: MeterOptions;
  /** Made when they are needed: a generation that waits has none. */
  #ownReader: UsageReader | null = null;
  #pieces: AnswerPieces | null = null;
  #passing: PassingText;
  #status = 0;
  /** Reads what an upstream of another dialect sends; null: the upstream is of the client's. */
  #upstreamReader: UsageReader | null = null;
  #streamed = false;
  #firstTokenMs: number | null = null;
  #finished = false;
  #failed = false;
  #upstreamId: string | null = null;

  constructor(dialect: DialectName, options: MeterOptions) {
    this.#dialect = dialects[dialect];
    this.#options = options;
    this.#passing = new PassingText(options.keepsText ?? false);
  }

  get #reader(): UsageReader {
    this.#ownReader ??= createUsageReader(this.#dialect.usage, this.#options.prompts);
    return this.#ownReader;
  }

  begun(status: number, converts = false): void {
    this.#status = status;
    if (!converts) this.#upstreamReader = null;
    // The first attempt may have failed in its stream.
    this.#failed = false;
  }

  takenBack(): void {
    this.#ownReader = null;
    this.#upstreamReader = null;
    this.#pieces = null;
    this.#passing = new PassingText(this.#options.keepsText ?? false);
    this.#status = 0;
    this.#streamed = false;
    this.#firstTokenMs = null;
    this.#finished = false;
    this.#failed = false;
  }

  event(event: string, end: StreamEnd | null): void {
    this.#streamed = true;
    const { events } = this.#dialect;
    const text = events.generated(event);
    if (text !== "") this.text(text);
    if (this.#upstreamReader === null && events.carriesUsage(event)) {
      this.#reader.readEvent(this.#dialect.framing.events.dataOf(event));
    }
    if (end === null) return;
    this.#failed ||= end !== "last";
    this.#finished ||= end !== "error";
  }

  text(text: string): void {
    this.#streamed = true;
    this.#passing.add(text);
    this.#firstTokenMs ??= performance.now() - this.#options.startedMono;
  }

  upstreamEvent(event: string): void {
    this.#upstreamReader ??= createUsageReader(commonUsage);
    if (carriesUsage(event)) this.#upstreamReader.readEvent(eventData(event));
  }

  body(bytes: Buffer, fields?: readonly Field[]): void {
    if (this.#upstreamReader === null) this.#reader.readAnswer(bytes, fields);
    if (this.#dialect.prompt.generates) this.#passing.addAnswer(bytes);
  }

  upstreamBody(bytes: Buffer): void {
    this.#upstreamReader ??= createUsageReader(commonUsage);
    this.#upstreamReader.readAnswer(bytes);
  }

  chunk(bytes: Buffer): void {
    this.#pieces ??= new AnswerPieces();
    this.#pieces.add(bytes);
  }

  ended(): void {
    this.#finished = true;
    for (const part of this.#pieces?.parts() ?? []) this.#reader.readAnswer(part);
  }

  named(id: string): void {
    this.#upstreamId = id;
  }

  told(): Usage {
    return this.#telling.finished();
  }

  timings(): Timings | null {
    return this.#telling.timings();
  }

  get #telling(): UsageReader {
    return this.#upstreamReader ?? this.#reader;
  }

  reading(): MeterReading {
    const usage = this.#usage();
    return {
      status: this.#status,
      firstTokenMs: this.#firstTokenMs,
      usage,
      passed: this.#passing.read(usage.output !== null && usage.source !== "estimated"),
      timings: this.timings(),
      finished: this.#finished,
      failed: this.#failed,
      upstreamId: this.#upstreamId,
    };
  }

  /** A stream that failed was cut, though its upstream said so. */
  #usage(): Usage {
    if (this.#finished && !this.#failed) return this.#telling.finished();
    return this.#streamed ? this.#telling.cut(this.#passing.tokens) : unknownUsage;
  }
}

/** A JSON answer that passes in pieces: its beginning and its end are kept, to find its usage. */
class AnswerPieces {
  readonly #kept: Buffer[] = [];
  #keptBytes = 0;
  #tail: Buffer = Buffer.alloc(0);
  #isLong = false;

  add(bytes: Buffer): void {
    if (this.#keptBytes < maxKept) {
      this.#kept.push(bytes);
      this.#keptBytes += bytes.length;
      return;
    }
    this.#isLong = true;
    const tail = bytes.length < maxTail ? Buffer.concat([this.#tail, bytes]) : bytes;
    this.#tail = tail.subarray(Math.max(0, tail.length - maxTail));
  }

  /** What may tell usage, each as the text of a JSON object. */
  parts(): Buffer[] {
    if (this.#keptBytes === 0) return [];
    const whole = Buffer.concat(this.#kept);
    if (!this.#isLong) return [whole];
    const end = Buffer.concat([whole.subarray(-maxTail), this.#tail]);
    // Too long to keep: OpenAI's order has the usage at the very end.
    const at = Math.max(end.lastIndexOf('"usage"'), end.lastIndexOf('"meta"'));
    return at < 0 ? [whole] : [whole, Buffer.concat([Buffer.from("{"), end.subarray(at)])];
  }
}
