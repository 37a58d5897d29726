/**
 * Whether a name matches a glob: `*` is any run of characters, also none, and `?` is any one
 * character. No regular expression is made of a user's text. Goes back only to the last `*`, so
 * that the work grows with the length of the name, and no glob is worse than its own length.
 */
export function matchesGlob(glob: string, name: string): boolean {
  return covers(glob, name, (mark, letter) => mark === "?" || mark === letter);
}

/**
 * Whether `earlier` matches every name that `later` matches. A `*` of the later glob stands for
 * names that only a `*` can match; a `?` stands for one that only `?` or `*` can match. So the
 * answer "yes" is always right.
 */
export function coversGlob(earlier: string, later: string): boolean {
  return covers(earlier, later, (mark, letter) =>
    mark === "?" ? letter !== "*" : mark === letter,
  );
}

export function hasWildcard(glob: string): boolean {
  return /[*?]/.test(glob);
}

function covers(
  glob: string,
  text: string,
  isSame: (mark: string, letter: string) => boolean,
): boolean {
  let inGlob = 0;
  let inText = 0;
  let afterStar = -1;
  let resume = 0;
  while (inText < text.length) {
    const mark = glob.charAt(inGlob);
    if (mark === "*") {
      afterStar = ++inGlob;
      resume = inText;
    } else if (mark !== "" && isSame(mark, text.charAt(inText))) {
      inGlob++;
      inText++;
    } else if (afterStar !== -1) {
      inGlob = afterStar;
      inText = ++resume;
    } else {
      return false;
    }
  }
  while (glob.charAt(inGlob) === "*") inGlob++;
  return inGlob === glob.length;
}
