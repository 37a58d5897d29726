import { matchesGlob } from "../kinds/glob.ts";

/** Whether a key limited to `globs` (null = all) may use a model. */
export function mayUseModel(globs: readonly string[] | null, model: string): boolean {
  return globs === null || globs.some((glob) => matchesGlob(glob, model));
}
