import type { Answer } from "../answer/answer.ts";
import type { Identity } from "../auth/identity.ts";
import { smallFields } from "../dialects/json/small-fields.ts";
import { storedInPath } from "../dialects/openai-responses/stored-use.ts";
import type { Exchange } from "../exchange.ts";
import type { Destination } from "../upstreams/destination.ts";
import type { StoredResponses } from "../upstreams/stored-responses.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { GenerationRequest } from "./read-request.ts";
import type { Accepted } from "./reserve.ts";

export type StoredParts = {
  stored: Pick<StoredResponses, "made"> & {
    /** Throws or rejects as `StoredResponses.check` does; a promise if another process knows. */
    check(...asked: Parameters<StoredResponses["check"]>): void | Promise<void>;
  };
};

/**
 * Refuses, before anyone waits, what the upstreams have stored and is not this user's: throws, or
 * rejects if another process knows.
 */
export function refuseStored(
  { stored }: StoredParts,
  { fields }: Pick<GenerationRequest, "fields">,
  { members, seats }: Destination,
  { exchange, identity }: { exchange: Exchange; identity: Identity },
): Promise<void> | null {
  const use = fields.stored ?? storedInPath(exchange.method, exchange.path);
  if (use === null) return null;
  const upstreams = seats.list.flatMap((seat) => members.get(seat.upstream)?.upstream ?? []);
  return stored.check(use, identity.user, upstreams) ?? null;
}

/**
 * Remembers who made a response, a conversation or a stored chat, once its id is known. True if
 * nothing is left to be remembered.
 */
export function noteStored(
  { stored }: StoredParts,
  accepted: Pick<Accepted, "exchange" | "identity" | "request">,
  { upstreamId }: Pick<Answer, "upstreamId">,
  upstream: Upstream,
): boolean {
  const { exchange, identity } = accepted;
  if (!upstream.storedResponses || !makesStored(accepted)) return true;
  if (upstreamId === null) return false;
  // The answer of a chat has our id.
  stored.made(identity.user, upstreamId, upstream, [upstreamId, exchange.requestId]);
  return true;
}

function makesStored({ exchange, request }: Pick<Accepted, "exchange" | "request">): boolean {
  const { path } = exchange;
  if (path === "/v1/responses" || path === "/v1/conversations") return true;
  if (path !== "/v1/chat/completions" || !Buffer.isBuffer(request.body)) return false;
  return smallFields(request.body, ["store"]).store === true;
}

/** Takes bytes of an answer. A stream may be cancelled by its id while it runs. */
export function takingNotes(
  parts: StoredParts,
  accepted: Accepted,
  answer: Answer,
  upstream: Upstream,
): (chunk: Buffer) => boolean {
  let isNoted = false;
  return (chunk) => {
    const isTaken = answer.data(chunk);
    if (!isNoted) isNoted = noteStored(parts, accepted, answer, upstream);
    return isTaken;
  };
}
