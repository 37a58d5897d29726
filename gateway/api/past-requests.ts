import type { ServerResponse } from "node:http";
import { GatewayError } from "../errors.ts";
import type { Reports } from "../ledger/reports.ts";
import type { PageStart } from "../ledger/requests-page.ts";
import { shownUpstream } from "../upstreams/shown-upstream.ts";
import { answerJson } from "./answer-json.ts";
import type { Viewer } from "./gateway-call.ts";

export type PastRequestsParts = { ledger: { readonly reports: Pick<Reports, "requests"> } };

/** `GET /me/requests`: the asker's own requests, the newest first, in pages. */
export async function showPastRequests(
  { ledger }: PastRequestsParts,
  { exchange, identity, isAdmin }: Viewer,
  response: ServerResponse,
): Promise<void> {
  const asked = new URLSearchParams(exchange.query);
  const limit = limitFrom(asked.get("limit") ?? "50");
  const cursor = asked.get("cursor");
  const before = cursor === null || cursor === "" ? null : readCursor(cursor);
  const { lines, next } = await ledger.reports.requests({ user: identity.user, limit, before });
  answerJson(response, exchange, {
    object: "list",
    data: isAdmin
      ? lines
      : lines.map((line) => ({ ...line, upstream: shownUpstream(line.upstream) })),
    next_cursor: next === null ? null : `${next.startedAt}-${next.number}`,
  });
}

/** @throws GatewayError 400 for anything else than a number from 1 to 200 */
export function limitFrom(text: string): number {
  const limit = Number(text);
  if (/^\d{1,3}$/.test(text) && limit >= 1 && limit <= 200) return limit;
  throw new GatewayError("invalid_request", "limit takes a number from 1 to 200.", {
    param: "limit",
  });
}

function readCursor(text: string): PageStart {
  const [, startedAt, number] = /^(\d{1,15})-(\d{1,15})$/.exec(text) ?? [];
  if (startedAt !== undefined && number !== undefined) {
    return { startedAt: Number(startedAt), number: Number(number) };
  }
  throw wrongCursor();
}

export const wrongCursor = (): GatewayError =>
  new GatewayError("invalid_request", "cursor takes the next_cursor of the page before.", {
    param: "cursor",
  });
