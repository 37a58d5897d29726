const ISO =
  /^(\d{4}-\d{2}-(\d{2}))(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

/**
 * An ISO 8601 date or date and time as milliseconds since the epoch, or null where it is not one.
 * A date alone is its first instant. Without an offset it is UTC: the gateway's own time zone
 * differs between a container and its host, and the same file must mean the same on both.
 */
export function parseInstant(text: string): number | null {
  const parts = ISO.exec(text);
  if (parts === null) return null;
  const [, date, day, time = "00:00", offset = "Z"] = parts;
  const zone = /^[+-]\d{4}$/.test(offset) ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset;
  const instant = Date.parse(`${date}T${time}${zone.toUpperCase()}`);
  // Date.parse takes 30 February for 2 March.
  const real = new Date(`${date}T00:00:00Z`).getUTCDate() === Number(day);
  return Number.isNaN(instant) || !real ? null : instant;
}
