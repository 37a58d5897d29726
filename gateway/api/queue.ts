import type { IncomingMessage, ServerResponse } from "node:http";
import { setIdentityHeaders } from "../answer/identity-headers.ts";
import type { Identity } from "../auth/identity.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { RoadParts } from "../generation/parts.ts";
import type { AllLines } from "../line/all-lines.ts";
import type { ListedRequest } from "../line/line.ts";

/** Who looks at the line, or steers it. */
export type Viewer = {
  exchange: Exchange;
  identity: Identity;
  /** From outside nobody is, unless told otherwise: a stolen key must not stop the house. */
  isAdmin: boolean;
  /** Whether they still are who they were when they came: to be asked by what stays open. */
  isStill(): Promise<boolean>;
};

/** `GET /queue`: one's own places, an administrator everyone's. */
export function showQueue(parts: RoadParts, viewer: Viewer, response: ServerResponse): void {
  setIdentityHeaders(response, viewer.exchange);
  response.setHeader("content-type", "application/json").end(JSON.stringify(viewOf(parts, viewer)));
}

function viewOf({ lines: line }: Pick<RoadParts, "lines">, viewer: Viewer): object {
  const mine = (one: ListedRequest): boolean => viewer.isAdmin || one.user === viewer.identity.user;
  return { object: "list", state: line.state(), ...line.view(), data: shown(line, mine) };
}

function shown(line: AllLines, isTheirs: (one: ListedRequest) => boolean): object[] {
  return line
    .list()
    .filter(isTheirs)
    .map(({ etaSeconds, since, ...one }) => ({
      ...one,
      eta_seconds: etaSeconds,
      since: new Date(since).toISOString(),
    }));
}

/**
 * `GET /queue/events`: the same as events, one at once and one after each change. It ends where a
 * key is taken away.
 */
export function followQueue(
  parts: Pick<RoadParts, "lines">,
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
  // Who left while their token was checked is not heard leaving again.
  if (method === "HEAD" || signal.aborted) {
    response.end();
    return;
  }
  let told = "";
  const tell = (): void => {
    const now = JSON.stringify(viewOf(parts, viewer));
    // A reader who takes nothing gets nothing: only the newest matters.
    if (now === told || response.writableNeedDrain) return;
    told = now;
    response.write(`data: ${now}\n\n`);
  };
  tell();
  const ignore = parts.lines.onChange(tell);
  const alive = setInterval(() => {
    // An upstream that goes down is no change of the line.
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

/**
 * `DELETE /queue/{id}`: takes one's own out of the line, or stops it; an administrator anyone's.
 */
export function leaveQueue(
  parts: RoadParts,
  viewer: Viewer,
  id: string,
  response: ServerResponse,
): void {
  const found = parts.underway.get(id);
  if (found === undefined || !(viewer.isAdmin || found.user === viewer.identity.user)) {
    // The same for what is somebody else's: ids are nobody's business.
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
  parts: RoadParts,
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
