/** A cell of a CSV file; null is empty. */
export function csvCell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  // Clients name models: a text that a spreadsheet would take for a formula gets an apostrophe.
  // Spreadsheets of East Asia take full-width signs too.
  const text = /^[=+\-@＝＋－＠\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
