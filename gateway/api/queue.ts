import type { IncomingMessage, ServerResponse } from "node:http";
import { setIdentityHeaders } from "../answer/identity-headers.ts";
import { GatewayError } from "../errors.ts";
import type { Underway } from "../generation/run-accepted.ts";
import type { AllLines } from "../line/all-lines.ts";
import type { ListedRequest } from "../line/line.ts";
import type { RosterView } from "../roster.ts";
import type { Viewer } from "./gateway-call.ts";

export type QueueParts = {
  /** Every line, to be looked at and steered. */
  lines: AllLines;
  /** The generations under way, by id. */
  underway: Pick<RosterView<Underway>, "get">;
};

/** `GET /queue`: the user's own places; an administrator sees those of all users. */
export function showQueue(
  parts: Pick<QueueParts, "lines">,
  viewer: Viewer,
  response: ServerResponse,
): void {
  setIdentityHeaders(response, viewer.exchange);
  response.setHeader("content-type", "application/json").end(JSON.stringify(viewOf(parts, viewer)));
}

function viewOf({ lines }: Pick<QueueParts, "lines">, viewer: Viewer): object {
  const mine = (one: ListedRequest): boolean => viewer.isAdmin || one.user === viewer.identity.user;
  const state = lines.state();
  const view = lines.view();
  // No upstream takes new requests: then nothing else holds a request back.
  const isDown = state === "open" && view.capacity > 0 && view.usable === 0;
  return { object: "list", state, ...view, data: shown(lines, mine, isDown) };
}

function shown(
  lines: AllLines,
  isTheirs: (one: ListedRequest) => boolean,
  isDown: boolean,
): object[] {
  return lines
    .list()
    .filter(isTheirs)
    .map(({ etaSeconds, range, requestsAhead, peopleAhead, waitsFor, since, ...one }) => ({
      ...one,
      eta_seconds: etaSeconds,
      eta_low_seconds: range?.lowSeconds ?? null,
      eta_high_seconds: range?.highSeconds ?? null,
      requests_ahead: requestsAhead,
      people_ahead: peopleAhead,
      waits_for: isDown && waitsFor !== null ? "upstream" : waitsFor,
      since: new Date(since).toISOString(),
    }));
}

/**
 * `GET /queue/events`: the same as events, one at once and one after each change. It ends when the
 * key is revoked.
 */
export function followQueue(
  parts: Pick<QueueParts, "lines">,
  viewer: Viewer,
  response: ServerResponse,
  everyMs = 15_000,
): void {
  setIdentityHeaders(response, viewer.exchange);
  response.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  });
  const { method, signal } = viewer.exchange;
  // A client that left while its token was checked is not heard leaving again.
  if (method === "HEAD" || signal.aborted) {
    response.end();
    return;
  }
  let told = "";
  const tell = (): void => {
    const now = JSON.stringify(viewOf(parts, viewer));
    // A client that does not read gets nothing: only the newest state matters.
    if (now === told || response.writableNeedDrain) return;
    told = now;
    response.write(`data: ${now}\n\n`);
  };
  tell();
  const ignore = parts.lines.onChange(tell);
  const alive = setInterval(() => {
    // The lines do not tell when an upstream goes down.
    tell();
    response.write(": keep-alive\n\n");
    void viewer.isStill().then((still) => {
      if (!still) end();
    });
  }, everyMs).unref();
  const end = (): void => {
    ignore();
    clearInterval(alive);
    response.end();
  };
  signal.addEventListener("abort", end);
}

/** `DELETE /queue/{id}`: stops a request of the user, waiting or running; an administrator any. */
export function leaveQueue(
  parts: QueueParts,
  viewer: Viewer,
  id: string,
  response: ServerResponse,
): void {
  const found = parts.underway.get(id);
  if (found === undefined || !(viewer.isAdmin || found.user === viewer.identity.user)) {
    // The same answer for the requests of others, so that nobody can probe ids.
    throw new GatewayError("not_found", "You have no waiting or running request with this id.");
  }
  const state = parts.lines.cancel(id) ? "waiting" : "running";
  if (state === "running") {
    found.stop.abort(new GatewayError("cancelled", "The request was stopped."));
  }
  setIdentityHeaders(response, viewer.exchange);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ id, object: "queue.deleted", deleted: true, was: state }));
}

/** `POST /queue/pause|resume|drain`, for administrators. */
export function steerQueue(
  parts: Pick<QueueParts, "lines">,
  viewer: Viewer,
  action: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (!viewer.isAdmin) {
    throw new GatewayError(
      "not_allowed",
      "Only an administrator on the LAN may pause, resume or drain the queue.",
    );
  }
  request.resume();
  if (action === "pause") parts.lines.pause();
  else if (action === "resume") parts.lines.resume();
  else parts.lines.drain();
  showQueue(parts, viewer, response);
}
