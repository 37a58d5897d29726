import { isJsonObject } from "../json-object.ts";
import type { DialectUsage } from "./dialect.ts";
import { type Field, holdsText, topLevelFields } from "./json/json-scan.ts";
import {
  type Counts,
  countsOf,
  countsOfChoices,
  countsOfTimings,
  isCounted,
  mostChoices,
  type Timings,
  timingsOf,
  type Usage,
} from "./usage.ts";

/** Reads the numbers an upstream gives while its answer goes by. Never throws. */
export type UsageReader = {
  /**
   * A whole JSON answer. Only its `usage` and `timings` are parsed: embeddings are megabytes.
   * `fields` are its top-level ones, where they are known.
   */
  readAnswer(bytes: Buffer, fields?: readonly Field[]): void;
  /** The data of one event, as latin1 text. Ask `carriesUsage` first: this parses it. */
  readEvent(data: string): void;
  /** What an answer that came to its end cost. */
  finished(): Usage;
  /** What an answer that was cut cost, where `counted` tokens were seen to pass. */
  cut(counted: number): Usage;
  /** llama.cpp's last measure, for speeds. */
  timings(): Timings | null;
};

type Fields = Readonly<Record<string, unknown>>;

const openBracket = 0x5b;

/** Choices are parsed for their usage up to this size. Bytes. */
const longestChoices = 4 * 1024 * 1024;

/** No usage has more, and each event would copy them. */
const mostFields = 200;

const unknown: Counts = { input: null, output: null, cached: null, reasoning: null };

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const usageName = Buffer.from('"usage"');

const hasUsage = (bytes: Buffer, { start, end }: Field): boolean =>
  end - start < longestChoices && holdsText(bytes, usageName, start, end);

const isTold = (value: unknown): boolean => typeof value === "number" && value > 0;

/**
 * What is told later counts, but for what is no number or 0 where a number was told: some servers
 * send a usage of zeros with each event.
 */
function merged(before: Fields, after: Fields): Fields {
  const all: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(after)) {
    const known = all[name];
    if (isJsonObject(known) && isJsonObject(value)) all[name] = { ...known, ...told(known, value) };
    else if (value !== null && !(isTold(known) && !isTold(value))) all[name] = value;
  }
  return all;
}

/** The fields that count more than those known before. */
function told(before: Fields, after: Fields): Fields {
  const entries = Object.entries(after).filter(([name, value]) => {
    return value !== null && !(isTold(before[name]) && !isTold(value));
  });
  return Object.fromEntries(entries);
}

/** Few choices are asked for: a list of them is less than a map. */
type OfChoice = { readonly index: number; counts: Counts };

function keep(list: OfChoice[], index: number, counts: Counts): void {
  const found = list.find((one) => one.index === index);
  if (found !== undefined) found.counts = isCounted(counts) ? counts : found.counts;
  else if (list.length < mostChoices) list.push({ index, counts });
}

class Reader implements UsageReader {
  readonly #usage: DialectUsage;
  readonly #prompts: number;
  /**
   * The usage of the whole answer. Anthropic spreads it over events: the last of each field counts.
   */
  #whole: Fields | null = null;
  /**
   * Usage that stands beside one choice, by its index; usage of llama.cpp's without one, in order.
   */
  readonly #choices: OfChoice[] = [];
  readonly #timed: OfChoice[] = [];
  #timings: Timings | null = null;

  constructor(usage: DialectUsage, prompts: number) {
    this.#usage = usage;
    this.#prompts = prompts;
  }

  readAnswer(bytes: Buffer, fields?: readonly Field[]): void {
    if (bytes[0] === openBracket) {
      this.#readLastOf(bytes);
      return;
    }
    const found: Record<string, unknown> = {};
    for (const field of fields ?? topLevelFields(bytes)) {
      const { name, start, end } = field;
      if (name !== "timings" && !this.#usage.holds(name)) continue;
      // Of choices only those are parsed that have numbers: an answer is long.
      if (name === "choices" && !hasUsage(bytes, field)) continue;
      found[name] = parse(bytes.toString("utf8", start, end));
    }
    this.#read(found);
  }

  /** Gemini's stream as one JSON array: the last of its numbers count. */
  #readLastOf(array: Buffer): void {
    const at = array.lastIndexOf('"usageMetadata"');
    if (at >= 0) this.readAnswer(Buffer.concat([Buffer.from("{"), array.subarray(at)]));
  }

  readEvent(data: string): void {
    const value = parse(data);
    if (isJsonObject(value)) this.#read(value);
  }

  #read(event: Fields): void {
    const usage = this.#usage.usageIn(event);
    const timings = timingsOf(event.timings);
    const choices = Array.isArray(event.choices) ? event.choices : null;
    const index = isJsonObject(choices?.[0]) ? Number(choices[0].index ?? 0) : null;
    if (timings !== null) {
      this.#timings = timings;
      keep(this.#timed, index ?? 0, countsOfTimings(timings));
    }
    if (usage === null) return;
    // llama.cpp sends one chunk without choices for each choice, counting that one alone.
    const ofOneAlone = choices !== null && timings !== null ? ~this.#choices.length : null;
    const ofChoice = index ?? ofOneAlone;
    if (ofChoice === null) this.#readWhole(usage);
    else keep(this.#choices, ofChoice, countsOf(usage) ?? unknown);
  }

  #readWhole(usage: Fields): void {
    const whole = this.#whole === null ? usage : merged(this.#whole, usage);
    if (Object.keys(whole).length <= mostFields) this.#whole = whole;
  }

  #usageSoFar(): Usage {
    const whole = countsOf(this.#whole);
    if (whole !== null && isCounted(whole)) return { ...whole, source: "reported" };
    for (const [found, source] of [
      [this.#choices, "reported"],
      [this.#timed, "timings"],
    ] as const) {
      const counts = countsOfChoices(
        found.map((one) => one.counts),
        this.#prompts,
      );
      if (isCounted(counts)) return { ...counts, source };
    }
    return { ...unknown, source: null };
  }

  finished(): Usage {
    return this.#usageSoFar();
  }

  cut(counted: number): Usage {
    const known = this.#usageSoFar();
    return { ...known, output: Math.max(counted, known.output ?? 0), source: "estimated" };
  }

  timings(): Timings | null {
    return this.#timings;
  }
}

/** One reader for each answer. `prompts` is how many prompts a text completion asked for. */
export function createUsageReader(usage: DialectUsage, prompts = 1): UsageReader {
  return new Reader(usage, prompts);
}
