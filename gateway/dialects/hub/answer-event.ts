/** What Python's `splitlines` takes for the end of a line, and JSON leaves as it is. */
const lineEnds = /[\u0085\u2028\u2029]/g;

/** JSON text on one line, for every reader of lines. */
export function eventJson(value: unknown): string {
  return JSON.stringify(value).replace(
    lineEnds,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A server-sent event that is named after the `type` of its data (Messages, Responses). */
export function namedEvent(
  data: { readonly type: string } & Readonly<Record<string, unknown>>,
): string {
  return `event: ${data.type}\ndata: ${eventJson(data)}\n\n`;
}
