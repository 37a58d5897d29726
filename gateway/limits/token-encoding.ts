/** A vocabulary of OpenAI's models, by the name of its file. */
export type Encoding = "o200k_base" | "cl100k_base";

/** The first entry that is a prefix of the model's name counts. */
const families: readonly (readonly [string, Encoding])[] = [
  ["gpt-4o", "o200k_base"],
  ["gpt-4.", "o200k_base"],
  ["gpt-4", "cl100k_base"],
  ["gpt-3.5", "cl100k_base"],
  ["gpt-35", "cl100k_base"],
  ["gpt-", "o200k_base"],
  ["chatgpt-", "o200k_base"],
  ["o1", "o200k_base"],
  ["o3", "o200k_base"],
  ["o4", "o200k_base"],
  ["text-embedding-", "cl100k_base"],
];

/**
 * The encoding of a model's family, as its upstream knows the model; null where it is none of
 * OpenAI's. `openai/gpt-4o` and `ft:gpt-4o:…` are what they end or begin with.
 */
export function tokenEncodingOf(model: string): Encoding | null {
  const name = model.slice(model.lastIndexOf("/") + 1).replace(/^ft:/, "");
  const family = families.find(([start]) => name.startsWith(start) && isWhole(name, start));
  return family?.[1] ?? null;
}

/** Matches `o1` and `o1-mini` but not `o1abc`: short names are prefixes of other names. */
function isWhole(name: string, start: string): boolean {
  return start.length > 2 || name.length === start.length || name[start.length] === "-";
}
