/**
 * The data of one whole server-sent event (WHATWG HTML §9.2.6): its `data:` lines, joined by line
 * feeds. Comments and other fields are left out. `""` where it has none. JSON that stands without
 * `data:` is data too: some servers write their errors so.
 */
export function eventData(event: string): string {
  if (event.startsWith("{")) return event.trimEnd();
  let data = "";
  for (let start = 0; start < event.length; ) {
    let end = event.indexOf("\n", start);
    if (end < 0) end = event.length;
    if (event.startsWith("data:", start)) {
      const from = start + (event.charCodeAt(start + 5) === 0x20 ? 6 : 5);
      const to = event.charCodeAt(end - 1) === 0x0d ? end - 1 : end;
      data += data === "" ? event.slice(from, to) : `\n${event.slice(from, to)}`;
    }
    start = end + 1;
  }
  return data;
}
