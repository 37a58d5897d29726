/** PostgreSQL takes no NUL and no half of a surrogate pair in a text: both become U+FFFD. */
export const cleanText = (text: string): string => text.toWellFormed().replaceAll("\0", "\ufffd");

/** Rows as JSON that PostgreSQL takes. */
export const cleanJson = (rows: readonly object[]): string =>
  JSON.stringify(rows, (_name, value: unknown) =>
    typeof value === "string" ? cleanText(value) : value,
  );
