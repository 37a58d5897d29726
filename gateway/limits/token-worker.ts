import { parentPort } from "node:worker_threads";
import { countTexts } from "./count-texts.ts";
import type { Encoding } from "./token-encoding.ts";
import { type PromptFields, promptTexts } from "./token-texts.ts";

/** One prompt to count. */
export type TokenTask = PromptFields & {
  readonly id: number;
  readonly body: Uint8Array;
  readonly encoding: Encoding;
  /** Epoch ms. After this time the request no longer waits for the count. */
  readonly until: number;
};

/** Null: it was too late, or could not be read. */
export type TokenTold = { readonly id: number; readonly tokens: number | null };

type CountTokens = (text: string, options: { disallowedSpecial: Set<string> }) => number;

/** A client's `<|endoftext|>` is text like any other, not an exception. */
const plain = { disallowedSpecial: new Set<string>() };

/** Longer prompts are counted in part; so many characters take a tenth of a second or two. */
const mostChars = 131_072;

const loaded = new Map<Encoding, Promise<CountTokens>>();

/** Each vocabulary takes 45 to 75 MB, so it is loaded only when needed. */
function load(encoding: Encoding): Promise<CountTokens> {
  const known = loaded.get(encoding);
  if (known !== undefined) return known;
  const loading =
    encoding === "o200k_base"
      ? import("gpt-tokenizer/encoding/o200k_base")
      : import("gpt-tokenizer/encoding/cl100k_base");
  const found = loading.then(({ countTokens }) => countTokens);
  loaded.set(encoding, found);
  return found;
}

async function count(task: TokenTask): Promise<number | null> {
  const { body, encoding, until } = task;
  const countTokens = await load(encoding);
  if (Date.now() >= until) return null;
  const { texts, others } = promptTexts(JSON.parse(new TextDecoder().decode(body)), task);
  return others + countTexts(texts, mostChars, (text) => countTokens(text, plain));
}

parentPort?.on("message", (task: TokenTask) => {
  count(task)
    .catch(() => null)
    .then((tokens) => parentPort?.postMessage({ id: task.id, tokens } satisfies TokenTold));
});
