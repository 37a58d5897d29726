/**
 * A line of the stream without the fields that are the same in every line, for which "…" stands;
 * null where nothing else is in it. Comments and `[DONE]` stay as they are.
 */
export function shortenLine(text: string): string | null {
  if (!text.startsWith("data: {")) return text;
  const event = JSON.parse(text.slice("data: ".length)) as {
    queue?: object;
    choices?: { delta: { content?: string } }[];
  };
  if (event.queue !== undefined) return `data: {…,"queue":${JSON.stringify(event.queue)},…}`;
  const content = event.choices?.[0]?.delta.content ?? "";
  return content === "" ? null : `data: {…,"delta":${JSON.stringify({ content })},…}`;
}
