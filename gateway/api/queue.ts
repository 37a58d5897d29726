import type { IncomingMessage, ServerResponse } from "node:http";
import { setIdentityHeaders } from "../answer/identity-headers.ts";
import { GatewayError } from "../errors.ts";
import type { Underway } from "../generation/keeper.ts";
import type { AllLines } from "../line/all-lines.ts";
import type { ListedRequest } from "../line/line.ts";
import type { RosterView } from "../roster.ts";
import type { Viewer } from "./gateway-call.ts";
import type { NoteChangeParts } from "./note-change.ts";
import type { QueueFeed } from "./queue-feed.ts";
import { headOf, shownRequest } from "./queue-view.ts";

export type QueueParts = NoteChangeParts & {
  /** Every line, to be looked at and steered. */
  lines: AllLines;
  /** Tells all who follow them. */
  feed: QueueFeed;
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
  const { head, isDown } = headOf(lines);
  const data = lines.list().filter(mine);
  return { ...head, data: data.map((one) => shownRequest(one, isDown)) };
}

/**
 * `GET /queue/events`: the same as events, one at once and one after each change. It ends when the
 * key is revoked.
 */
export function followQueue(
  { feed }: Pick<QueueParts, "feed">,
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
  const following = feed.follow(viewer.isAdmin ? null : viewer.identity.user, response);
  const alive = setInterval(() => {
    // The lines do not tell when an upstream goes down.
    following.tell();
    response.write(": keep-alive\n\n");
    void viewer.isStill().then((still) => {
      if (!still) end();
    });
  }, everyMs).unref();
  const end = (): void => {
    following.end();
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
  const who = viewer.identity.user;
  if (found.user !== who) {
    const before = { user: found.user, state };
    parts.changes.note({ who, action: "queue.remove", subject: id, before, after: null });
  }
  setIdentityHeaders(response, viewer.exchange);
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ id, object: "queue.deleted", deleted: true, was: state }));
}

/** `POST /queue/pause|resume|drain`, for administrators. */
export function steerQueue(
  parts: Pick<QueueParts, "lines" | "changes">,
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
  const before = { state: parts.lines.state() };
  if (action === "pause") parts.lines.pause();
  else if (action === "resume") parts.lines.resume();
  else parts.lines.drain();
  const who = viewer.identity.user;
  const after = { state: parts.lines.state() };
  parts.changes.note({ who, action: `queue.${action}`, subject: "", before, after });
  showQueue(parts, viewer, response);
}
