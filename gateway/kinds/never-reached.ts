import { coversGlob } from "./glob.ts";

export type PlacedGlob = { readonly glob: string; readonly at: string };

/** Globs that never match anything, because one before them takes it all; with that one. */
export function neverReached(
  globs: readonly PlacedGlob[],
): { readonly one: PlacedGlob; readonly taker: PlacedGlob }[] {
  return globs.flatMap((one, index) => {
    const taker = globs.slice(0, index).find(({ glob }) => coversGlob(glob, one.glob));
    return taker === undefined ? [] : [{ one, taker }];
  });
}
