import type { IncomingMessage, ServerResponse } from "node:http";
import { setIdentityHeaders } from "../answer/identity-headers.ts";
import { refuse } from "../answer/refuse.ts";
import { relay } from "../answer/relay.ts";
import { asksOfModel } from "../dialects/endpoints.ts";
import { type GatewayError, shuttingDown } from "../errors.ts";
import { createExchange, type Exchange, stopWhenLeft, type Target } from "../exchange.ts";
import { asGatewayError } from "../generation/failure.ts";
import type { RoadParts } from "../generation/parts.ts";
import { withoutKey } from "../upstreams/failure.ts";
import { headersToUpstream, keyOf } from "../upstreams/headers.ts";
import { count, isForOneFamily } from "./count.ts";
import { isModels, refuseModelPaths, showModels } from "./show-models.ts";

/**
 * The road of what does not generate: authenticated, and passed through to the upstream with its body
 * and its answer streamed. It never waits and has no row.
 */
export async function read(
  parts: RoadParts,
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
): Promise<void> {
  const stop = new AbortController();
  const exchange = createExchange(request, target, parts.doors, stop);
  stopWhenLeft(response, stop);
  let user: string | null = null;
  /** One line and one count for each, whichever way it ends first. */
  let told = false;
  const trace = parts.tracer?.begin(exchange, request, response);
  response.once("close", () => {
    if (told) return;
    told = true;
    const status = response.writableFinished ? response.statusCode : 499;
    parts.telemetry.passed({ exchange, user, status });
  });
  const fail = (cause: unknown): void => {
    const error = asGatewayError(parts, exchange, cause);
    if (told) return;
    told = true;
    if (response.headersSent) response.destroy();
    else refuse(request, response, exchange, error);
    parts.telemetry.refused({ exchange, user, status: error.status, errorCode: error.code });
  };
  try {
    if (parts.draining()) throw shuttingDown();
    const known = parts.authenticate(request);
    const identity = known instanceof Promise ? await known : known;
    user = identity.user;
    trace?.asked({ user, model: null, body: null });
    if (isModels(exchange)) {
      const models = await showModels(parts, exchange, identity, request.headers);
      setIdentityHeaders(response, exchange);
      response.setHeader("content-type", "application/json").end(models);
      return;
    }
    const isLimited = identity.models !== null;
    const { method, path } = exchange;
    const byModel = isLimited || parts.hasManyModels || isForOneFamily(exchange);
    if (byModel && asksOfModel(method, path)) {
      await count(parts, request, response, exchange, identity);
      return;
    }
    if (isLimited) refuseModelPaths(exchange);
    passOn(parts, request, response, exchange, { user, fail });
  } catch (cause) {
    fail(cause);
  }
}

function passOn(
  parts: RoadParts,
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
  { user, fail }: { user: string; fail: (error: GatewayError) => void },
): void {
  if (request.headers.expect !== undefined) response.writeContinue();
  const { path, query, requestId } = exchange;
  const { upstream, passThrough } = parts.reads();
  const headers = headersToUpstream(request.headers, { user, requestId, ...keyOf(upstream) });
  const passed = { path: path + query, headers };
  passThrough.read(request, response, passed, {
    answer(answer, shown) {
      const shownError = (error: GatewayError): GatewayError => withoutKey(error, upstream.key);
      relay(request, response, exchange, answer, shown, shownError);
    },
    fail,
  });
}
