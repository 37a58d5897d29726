/**
 * Whether a key limited to `globs` (null = all) may use a model. `*` is any run of characters, `?`
 * any one; no regular expression is made of a user's text, so none has a bad worst case.
 */
export function mayUseModel(globs: readonly string[] | null, model: string): boolean {
  return globs === null || globs.some((glob) => matches(glob, model));
}

/** Goes back only to the last `*`: at most glob × text steps. */
function matches(glob: string, text: string): boolean {
  let g = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (glob[g] === "*") {
      star = g++;
      resume = t;
    } else if (glob[g] === "?" || glob[g] === text[t]) {
      g++;
      t++;
    } else if (star !== -1) {
      g = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (glob[g] === "*") g++;
  return g === glob.length;
}
