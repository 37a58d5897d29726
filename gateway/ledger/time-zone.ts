import { quarterMs } from "./rollups.ts";

/** The calendar of a time zone, in quarter hours since 1970 (UTC). */
export type TimeZone = {
  /** The local day of a quarter hour: `2026-11-21`. */
  dayOf(quarter: number): string;
  /** The local hour, with its offset, since one hour comes twice in autumn: `2026-10-25T02:00+01:00`. */
  hourOf(quarter: number): string;
  /** The quarter hour in which a local day begins. Where midnight is skipped it begins later. */
  startOf(day: string): number;
};

/** Quarter hours remembered; a report of 90 days has 8640. */
const mostRemembered = 20_000;

/**
 * Reads the time zones of the runtime (IANA names such as `Europe/Berlin`). Every offset in use is
 * a multiple of a quarter of an hour.
 * @throws RangeError for an unknown name
 */
export function createTimeZone(name: string): TimeZone {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: name,
    calendar: "iso8601",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    timeZoneName: "longOffset",
  });
  const remembered = new Map<number, { day: string; hour: string }>();

  function at(quarter: number): { day: string; hour: string } {
    const known = remembered.get(quarter);
    if (known !== undefined) return known;
    const found: Record<string, string> = {};
    for (const { type, value } of format.formatToParts(quarter * quarterMs)) found[type] = value;
    const { year, month, day: date, hour: clock, timeZoneName = "GMT" } = found;
    const day = `${year?.padStart(4, "0")}-${month}-${date}`;
    const offset = timeZoneName === "GMT" ? "+00:00" : timeZoneName.slice("GMT".length);
    const local = { day, hour: `${day}T${clock}:00${offset}` };
    if (remembered.size >= mostRemembered) remembered.clear();
    remembered.set(quarter, local);
    return local;
  }

  return {
    dayOf: (quarter) => at(quarter).day,
    hourOf: (quarter) => at(quarter).hour,
    startOf(day) {
      // The local day begins at most 14 hours before the UTC day, and 13 hours after it.
      const noon = Date.parse(`${day}T00:00:00Z`) / quarterMs;
      let quarter = noon - 15 * 4;
      while (at(quarter).day < day && quarter < noon + 48 * 4) quarter += 1;
      return quarter;
    },
  };
}
