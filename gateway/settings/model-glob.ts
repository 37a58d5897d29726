import type { z } from "zod";
import { kind, WrongValue } from "./kind.ts";

/**
 * Names of models are free; these characters are none of any, and mean a pattern that is not ours.
 */
const strange = /[\p{Cc}?[\]{}|^$\\"<>]/u;

/** A model's name, or a glob in which `*` is anything, nothing too. */
export const modelGlob: z.ZodType<string, string> = kind((text) => {
  if (text === "" || text.length > 256) throw new WrongValue("must be 1 to 256 characters");
  if (text.includes("**")) throw new WrongValue("must not hold **: one * is anything already");
  if (strange.test(text)) {
    throw new WrongValue("must be a model's name, in which only * stands for something else");
  }
  return text;
});

/** One model's name. */
export const modelName: z.ZodType<string, string> = kind((text) => {
  if (text !== "" && text.length <= 256 && !strange.test(text) && !text.includes("*")) return text;
  throw new WrongValue("must be one model's name, 1 to 256 characters, without *");
});

/**
 * Whether every name that `later` matches is matched by `earlier` too. A wildcard of the later one
 * is taken for a character that stands in no name: only a wildcard can match that.
 */
export function covers(earlier: string, later: string): boolean {
  const parts = earlier.split("*").map((part) => RegExp.escape(part));
  return new RegExp(`^${parts.join("[^]*")}$`, "u").test(later.replaceAll("*", "\0"));
}

export type PlacedGlob = { readonly glob: string; readonly at: string };

/** Those that never match anything, since one before them takes it all; with the one that does. */
export function neverReached(
  globs: readonly PlacedGlob[],
): { readonly one: PlacedGlob; readonly taker: PlacedGlob }[] {
  return globs.flatMap((one, index) => {
    const taker = globs.slice(0, index).find(({ glob }) => covers(glob, one.glob));
    return taker === undefined ? [] : [{ one, taker }];
  });
}
