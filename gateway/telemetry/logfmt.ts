type Fields = Record<string, unknown>;

/** These stand first in a line, in this order. */
const first = ["time", "level", "msg"];

/** A text that needs no quotes. */
const bare = /^[^\s"=\\\p{Cc}]+$/u;

/** The escapes of a JSON string, which readers of logfmt know. */
const shownValue = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return bare.test(text) ? text : JSON.stringify(text);
};

/** `key=value` of each field; the fields of an error stand behind a dot: `err.type=TypeError`. */
function pairsOf(fields: Fields, prefix: string): string[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    // What is not known is left out: logfmt has no null.
    if (value === null || value === undefined) return [];
    const isGroup = typeof value === "object" && !Array.isArray(value);
    if (isGroup) return pairsOf(value as Fields, `${prefix}${name}.`);
    return [`${prefix}${name}=${shownValue(value)}`];
  });
}

/** A line of the log, which is one JSON object, as logfmt: `time=… level=info msg=started port=8000`. */
export function toLogfmt(jsonLine: string): string {
  const fields = JSON.parse(jsonLine) as Fields;
  const leading = Object.fromEntries(first.map((name) => [name, fields[name]]));
  return `${pairsOf({ ...leading, ...fields }, "").join(" ")}\n`;
}
