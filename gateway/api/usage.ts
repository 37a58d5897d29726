import type { ServerResponse } from "node:http";
import { setIdentityHeaders } from "../answer/identity-headers.ts";
import { GatewayError } from "../errors.ts";
import type { Reports } from "../ledger/reports.ts";
import { quarterMs } from "../ledger/rollups.ts";
import { createTimeZone, type TimeZone } from "../ledger/time-zone.ts";
import { usageCsv } from "../ledger/usage-csv.ts";
import {
  readUsageGroups,
  type UsageLine,
  type UsageQuery,
  UsageQueryError,
} from "../ledger/usage-report.ts";
import { shownUpstream } from "../upstreams/shown-upstream.ts";
import { parseInstant } from "../users/instant.ts";
import { answerJson } from "./answer-json.ts";
import type { Viewer } from "./gateway-call.ts";

export type ShowUsageParts = { ledger: { readonly reports: Pick<Reports, "usage"> } };

const dayMs = 86_400_000;
/** What a report shows where nobody says from when on: today and the 29 days before it. */
const usualDays = 29;

/**
 * `GET /usage`: what the asker used; for administrators what everyone used, or `user`. Read from
 * sums, never from rows.
 */
export async function showUsage(
  { ledger }: ShowUsageParts,
  viewer: Viewer,
  response: ServerResponse,
): Promise<void> {
  const { exchange } = viewer;
  const asked = new URLSearchParams(exchange.query);
  const format = asked.get("format") ?? "json";
  if (format !== "json" && format !== "csv") throw wrong("format", "takes json or csv");
  const query = queryFrom(asked, viewer, Date.now());
  const { from, to, utcBefore, total, ...report } = await ledger.reports.usage(query);
  const lines = viewer.isAdmin ? report.lines : report.lines.map(withoutAddress);
  if (format === "csv") {
    setIdentityHeaders(response, exchange);
    response.setHeader("cache-control", "no-store");
    response.setHeader("content-disposition", 'attachment; filename="usage.csv"');
    const type = { "content-type": "text/csv; charset=utf-8" };
    response.writeHead(200, type).end(`${usageCsv(query.groups, lines)}\n`);
    return;
  }
  answerJson(response, exchange, {
    object: "usage",
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    tz: query.timeZone,
    utc_before: utcBefore === null ? null : new Date(utcBefore).toISOString(),
    group: query.groups,
    data: lines,
    total,
  });
}

const withoutAddress = (line: UsageLine): UsageLine =>
  line.upstream === undefined ? line : { ...line, upstream: shownUpstream(line.upstream) };

function queryFrom(asked: URLSearchParams, viewer: Viewer, now: number): UsageQuery {
  const timeZone = asked.get("tz") ?? "UTC";
  const zone = zoneFrom(timeZone);
  const today = zone.startOf(zone.dayOf(Math.floor(now / quarterMs))) * quarterMs;
  const from = timeFrom(asked, "from", zone) ?? today - usualDays * dayMs;
  // The quarter of an hour that is not over counts too.
  const to = timeFrom(asked, "to", zone) ?? now + 1;
  if (to < from) throw wrong("to", "must not be before from");
  return { from, to, groups: groupsFrom(asked), user: userFrom(asked, viewer), timeZone, now };
}

function userFrom(asked: URLSearchParams, { identity, isAdmin }: Viewer): string | null {
  const user = asked.get("user");
  if (isAdmin) return user;
  if (user === null || user === identity.user) return identity.user;
  const text = "Only an administrator on the LAN may see the usage of other users.";
  throw new GatewayError("not_allowed", text);
}

function groupsFrom(asked: URLSearchParams): UsageQuery["groups"] {
  try {
    return readUsageGroups(asked.get("group") ?? "day");
  } catch (error) {
    if (!(error instanceof UsageQueryError)) throw error;
    throw new GatewayError("invalid_request", `${error.message}.`, { param: "group" });
  }
}

function zoneFrom(name: string): TimeZone {
  try {
    return createTimeZone(name.slice(0, 64));
  } catch {
    throw wrong("tz", "takes a time zone such as Europe/Berlin");
  }
}

/** A day is the start of that day in the time zone; `2026-11-21T12:00:00Z` is itself. */
function timeFrom(asked: URLSearchParams, name: string, zone: TimeZone): number | null {
  const text = asked.get(name);
  if (text === null) return null;
  const time = parseInstant(text);
  const isInRange = time !== null && time >= 0 && time < Date.UTC(2200, 0);
  if (!isInRange) throw wrong(name, "takes a day such as 2026-11-21 or a time (ISO 8601)");
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? zone.startOf(text) * quarterMs : time;
}

const wrong = (param: string, says: string): GatewayError =>
  new GatewayError("invalid_request", `${param} ${says}.`, { param });
