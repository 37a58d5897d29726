import type { Answer } from "../answer/answer.ts";
import type { Identity } from "../auth/identity.ts";
import { storedInPath } from "../dialects/openai-responses/stored-use.ts";
import type { Exchange } from "../exchange.ts";
import type { Destination } from "../upstreams/destination.ts";
import type { StoredResponses } from "../upstreams/stored-responses.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { GenerationRequest } from "./read-request.ts";
import type { Accepted } from "./reserve.ts";

export type StoredParts = { stored: StoredResponses };

/** Refuses, before anyone waits, what the upstreams have stored and is not this user's. */
export function refuseStored(
  { stored }: StoredParts,
  { fields }: Pick<GenerationRequest, "fields">,
  { members, seats }: Destination,
  { exchange, identity }: { exchange: Exchange; identity: Identity },
): void {
  const use = fields.stored ?? storedInPath(exchange.path);
  if (use === null) return;
  const upstreams = seats.list.flatMap((seat) => members.get(seat.upstream)?.upstream ?? []);
  stored.check(use, identity.user, upstreams);
}

/** Remembers who made a response or a conversation, once its id is known. */
export function noteStored(
  { stored }: StoredParts,
  { exchange, identity }: Pick<Accepted, "exchange" | "identity">,
  answer: Pick<Answer, "upstreamId">,
  upstream: Upstream,
): void {
  if (!upstream.storedResponses || answer.upstreamId === null || !makesStored(exchange)) return;
  stored.made(identity.user, answer.upstreamId, upstream);
}

const makesStored = ({ path }: Exchange): boolean =>
  path === "/v1/responses" || path === "/v1/conversations";

/** Takes bytes of an answer. A stream may be cancelled by its id while it runs. */
export function takingNotes(
  parts: StoredParts,
  accepted: Accepted,
  answer: Answer,
  upstream: Upstream,
): (chunk: Buffer) => boolean {
  return (chunk) => {
    const isTaken = answer.data(chunk);
    noteStored(parts, accepted, answer, upstream);
    return isTaken;
  };
}
