import type { IncomingMessage, ServerResponse } from "node:http";
import { setIdentityHeaders } from "../answer/identity-headers.ts";
import { relay } from "../answer/relay.ts";
import { asksOfModel } from "../dialects/endpoints.ts";
import { storedInPath } from "../dialects/openai-responses/stored-use.ts";
import type { GatewayError } from "../errors.ts";
import type { ExchangeTarget } from "../exchange.ts";
import type { PoolMember } from "../upstreams/destination.ts";
import { withoutKey } from "../upstreams/failure.ts";
import { headersToUpstream, keyOf } from "../upstreams/headers.ts";
import type { StoredResponses } from "../upstreams/stored-responses.ts";
import { type Entered, type FrameParts, httpClient, withExchange } from "../with-exchange.ts";
import { type CountParts, count, isForOneFamily } from "./count.ts";
import { isLlamaState, type LlamaStateParts, llamaState } from "./llama-state.ts";
import { ownAnswer } from "./own-answer.ts";
import { isModels, refuseModelPaths, type ShowModelsParts, showModels } from "./show-models.ts";

export type ReadParts = FrameParts &
  CountParts &
  ShowModelsParts &
  LlamaStateParts & {
    /** The model decides which upstream answers. */
    hasManyModels: boolean;
    /** The upstream for reads that name no model. */
    reads(): PoolMember;
    /** The upstream of this name. */
    memberNamed(upstream: string): PoolMember | undefined;
    stored: StoredResponses;
  };

/**
 * A request that does not generate: it never waits and has no row. Lists of models and counts are
 * answered here; all else passes to the upstream, with its body and its answer streamed.
 */
export function read(
  parts: ReadParts,
  request: IncomingMessage,
  response: ServerResponse,
  target: ExchangeTarget,
): Promise<void> {
  return withExchange(parts, httpClient(request, response), target, async (entered) => {
    const { exchange, identity } = entered;
    const answer = await answerHere(parts, request, response, entered);
    if (answer !== null) {
      setIdentityHeaders(response, exchange);
      response.setHeader("content-type", "application/json").end(answer);
      return;
    }
    const isLimited = identity.models !== null;
    const byModel = isLimited || parts.hasManyModels || isForOneFamily(exchange);
    if (byModel && asksOfModel(exchange.method, exchange.path)) {
      await count(parts, request, response, exchange, identity);
      return;
    }
    if (isLimited) refuseModelPaths(exchange);
    passOn(parts, request, response, entered);
  });
}

/** The gateway's own answer as JSON; null for a read that passes on. */
async function answerHere(
  parts: ReadParts,
  request: IncomingMessage,
  response: ServerResponse,
  entered: Entered,
): Promise<string | Buffer | null> {
  const { exchange, identity } = entered;
  if (isModels(exchange)) return showModels(parts, exchange, identity, request.headers);
  if (isLlamaState(exchange)) return llamaState(parts, exchange, identity);
  return ownAnswer(parts, request, response, entered);
}

/**
 * Where a read goes, and by which path: what an upstream has stored is there, by its id. Throws 400
 * or 404 for others' ids.
 */
function wayOf(
  { reads, memberNamed, stored }: Pick<ReadParts, "reads" | "memberNamed" | "stored">,
  { exchange, identity }: Entered,
): { member: PoolMember; path: string } {
  const { method, path } = exchange;
  const use = storedInPath(method, path);
  if (use === null) return { member: reads(), path };
  const place = stored.placeOf(use, identity.user);
  const member = memberNamed(place?.upstream ?? "") ?? reads();
  const ids = place === null ? use.ids : [place.id];
  stored.check({ ...use, ids }, identity.user, [member.upstream]);
  const [asked = ""] = use.ids;
  return { member, path: place === null ? path : path.replace(asked, () => place.id) };
}

/** Passes the read to the upstream; errors come to `fail` after this has returned. */
function passOn(
  parts: Pick<ReadParts, "reads" | "memberNamed" | "stored" | "telemetry">,
  request: IncomingMessage,
  response: ServerResponse,
  entered: Entered,
): void {
  const { exchange, identity, fail } = entered;
  const { member, path } = wayOf(parts, entered);
  const { upstream, passThrough } = member;
  if (request.headers.expect !== undefined) response.writeContinue();
  const { query, requestId } = exchange;
  const traceparent = parts.telemetry.tracing?.traceparentOf(exchange) ?? null;
  const added = { user: identity.user, requestId, traceparent, ...keyOf(upstream) };
  const passed = { path: path + query, headers: headersToUpstream(request.headers, added) };
  passThrough.read(request, response, passed, {
    answer(answer, shown) {
      const shownError = (error: GatewayError): GatewayError => withoutKey(error, upstream.key);
      relay(request, response, exchange, answer, shown, shownError);
    },
    fail,
  });
}
