import type { ServerResponse } from "node:http";
import type { Identity } from "../auth/identity.ts";
import { dialects } from "../dialects/all.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { Loaded } from "../middlewares/load-middlewares.ts";
import type { MiddlewareRequest, MiddlewareResult } from "../middlewares/middleware.ts";
import { withoutCredentials } from "../upstreams/headers.ts";
import type { GenerationRequest } from "./read-request.ts";

/**
 * Runs the middlewares of config.yaml, in their order, on a request that is read but not yet routed.
 * A middleware may refuse the request, or give it another model; the new model is checked later like
 * any other. Throws the 4xx of a refusal. Any other error of a middleware is a fault of the gateway.
 */
export async function runMiddlewares(
  middlewares: readonly Loaded[],
  given: {
    exchange: Exchange;
    identity: Identity;
    request: GenerationRequest;
    response: ServerResponse;
  },
): Promise<GenerationRequest> {
  let { request } = given;
  for (const { run } of middlewares) {
    const result = (await run(shownRequest({ ...given, request }))) ?? undefined;
    request = applied(request, given.exchange, result);
  }
  return request;
}

function shownRequest({
  exchange,
  identity,
  request,
  response,
}: Parameters<typeof runMiddlewares>[1]): MiddlewareRequest {
  const { id, requestId, method, path, dialect, isPublic, address } = exchange;
  const { model, stream } = request.fields;
  return {
    id,
    requestId,
    user: identity.user,
    role: identity.role,
    method,
    path,
    dialect,
    model,
    stream,
    isPublic,
    address,
    headers: withoutCredentials(request.headers),
    body: request.parsed && Buffer.isBuffer(request.body) ? request.body : null,
    setHeader: (name, value) => void response.setHeader(name, value),
  };
}

function applied(
  request: GenerationRequest,
  { dialect }: Exchange,
  result: MiddlewareResult,
): GenerationRequest {
  if (result === undefined) return request;
  if ("refuse" in result) {
    const { status = 400, message } = result.refuse;
    const isRefusal = status >= 400 && status < 500;
    throw new GatewayError(status === 403 ? "not_allowed" : "invalid_request", message, {
      status: isRefusal ? status : 400,
    });
  }
  const { body, fields } = request;
  const renamed = { ...request, fields: { ...fields, model: result.model } };
  if (!request.parsed || !Buffer.isBuffer(body)) return renamed;
  // Where the model stands in the path, `outboundOf` puts the name there.
  return { ...renamed, body: dialects[dialect].request.withModel(body, result.model) };
}
