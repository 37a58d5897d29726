/** Comments, and `NAME=VALUE`; a value in quotes may go over several lines. */
const readable =
  /^[^\S\n]*(?:#.*|(?:export\s+)?[\w.-]+[^\S\n]*=[^\S\n]*(?:"[^"]*"|'[^']*'|`[^`]*`)?.*)$/gm;

/** How many numbers of lines are told. */
const mostTold = 5;

/**
 * One line about the lines of an `.env` file that are no `NAME=VALUE`, such as YAML's
 * `PORT: 8123`; null without any. It repeats no line, because a line may hold a key.
 */
export function doubtAboutLines(text: string): string | null {
  const rest = text.replace(readable, (read) => read.replace(/[^\n]/g, ""));
  const unread = rest.split("\n").flatMap((line, at) => (line.trim() === "" ? [] : [at + 1]));
  if (unread.length === 0) return null;
  const told = unread.slice(0, mostTold).join(", ");
  const more = unread.length > mostTold ? ` and ${unread.length - mostTold} more` : "";
  const [lines, are, count] =
    unread.length === 1 ? ["line", "is", "counts"] : ["lines", "are", "count"];
  return `.env ${lines} ${told}${more} ${are} not NAME=VALUE and ${count} for nothing: write PORT=8000, not PORT: 8000`;
}
