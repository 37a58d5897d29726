import type { AllLines } from "../line/all-lines.ts";
import type { ListedRequest } from "../line/line.ts";

/** All that `GET /queue` shows beside the requests. */
export function headOf(lines: AllLines): { head: object; isDown: boolean } {
  const state = lines.state();
  const view = lines.view();
  // No upstream takes new requests: then nothing else holds a request back.
  const isDown = state === "open" && view.capacity > 0 && view.usable === 0;
  return { head: { object: "list", state, ...view }, isDown };
}

/** A request as `GET /queue` shows it. */
export function shownRequest(listed: ListedRequest, isDown: boolean): object {
  const { etaSeconds, range, requestsAhead, peopleAhead, waitsFor, since, ...one } = listed;
  return {
    ...one,
    eta_seconds: etaSeconds,
    eta_low_seconds: range?.lowSeconds ?? null,
    eta_high_seconds: range?.highSeconds ?? null,
    requests_ahead: requestsAhead,
    people_ahead: peopleAhead,
    waits_for: isDown && waitsFor !== null ? "upstream" : waitsFor,
    since: new Date(since).toISOString(),
  };
}
