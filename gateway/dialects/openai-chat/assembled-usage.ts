import { isJsonObject } from "../../json-object.ts";
import {
  type Counts,
  countsOf,
  countsOfChoices,
  countsOfTimings,
  mostChoices,
  timingsOf,
} from "../usage.ts";
import type { Fields } from "./assembled-choice.ts";

/**
 * The usage and timings of an answer put together from a stream. llama.cpp tells those of each
 * choice apart: the usage is their sum (its own answer counts one choice only), the timings are the
 * first choice's, as in its own answer.
 */
export class AssembledUsage {
  readonly #usages = new Map<number, Fields>();
  readonly #timings = new Map<number, Fields>();

  /** What one chunk tells, of the choice with this index. */
  add(index: number, usage: unknown, timings: unknown): void {
    if (isJsonObject(usage)) keep(this.#usages, index, usage);
    if (isJsonObject(timings)) keep(this.#timings, index, timings);
  }

  timings(): Fields | null {
    return this.#timings.get(0) ?? [...this.#timings.values()].at(-1) ?? null;
  }

  /** `prompts` is how many prompts the choices belong to. Null where nothing is known. */
  usage(prompts: number): Fields | null {
    const usages = [...this.#usages.values()];
    if (usages.length === 1) return usages[0] ?? null;
    if (usages.length > 1) {
      return usageOf(
        countsOfChoices(
          usages.map(countsOf).filter((one) => one !== null),
          prompts,
        ),
      );
    }
    const timed = [...this.#timings.values()].map(timingsOf).filter((one) => one !== null);
    if (timed.length === 0) return null;
    return usageOf(countsOfChoices(timed.map(countsOfTimings), prompts));
  }
}

function keep(of: Map<number, Fields>, index: number, fields: Fields): void {
  if (of.has(index) || of.size < mostChoices) of.set(index, fields);
}

/** Counts in OpenAI's words, in llama.cpp's order. */
function usageOf({ input, output, cached, reasoning }: Counts): Fields {
  const usage: Fields = {
    completion_tokens: output ?? 0,
    prompt_tokens: input ?? 0,
    total_tokens: (input ?? 0) + (output ?? 0),
    prompt_tokens_details: { cached_tokens: cached ?? 0 },
  };
  if (reasoning !== null) usage.completion_tokens_details = { reasoning_tokens: reasoning };
  return usage;
}
