import type { ServerResponse } from "node:http";
import type { Identity } from "../auth/identity.ts";
import { withModel } from "../dialects/json/json-edit.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { Loaded } from "../middlewares/load-middlewares.ts";
import type { MiddlewareRequest, MiddlewareResult } from "../middlewares/middleware.ts";
import { withoutCredentials } from "../upstreams/headers.ts";
import type { Asked } from "./read-request.ts";

/**
 * The middlewares of config.yaml, in their order: the request is read and its sender known, and it
 * is not yet routed. One may refuse it, or give it another model; what that leads to is judged
 * after it. Throws the 4xx of one that refuses; what a middleware itself throws is a fault of the
 * gateway.
 */
export async function runMiddlewares(
  middlewares: readonly Loaded[],
  given: { exchange: Exchange; identity: Identity; asked: Asked; response: ServerResponse },
): Promise<Asked> {
  let { asked } = given;
  for (const { run } of middlewares) {
    const result = (await run(requestOf({ ...given, asked }))) ?? undefined;
    asked = applied(asked, given.exchange, result);
  }
  return asked;
}

function requestOf({
  exchange,
  identity,
  asked,
  response,
}: Parameters<typeof runMiddlewares>[1]): MiddlewareRequest {
  const { id, requestId, method, path, dialect, isPublic, address } = exchange;
  const { model, stream } = asked.fields;
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
    headers: withoutCredentials(asked.headers),
    body: Buffer.isBuffer(asked.body) ? asked.body : null,
    setHeader: (name, value) => void response.setHeader(name, value),
  };
}

function applied(asked: Asked, { dialect }: Exchange, result: MiddlewareResult): Asked {
  if (result === undefined) return asked;
  if ("refuse" in result) {
    const { status = 400, message } = result.refuse;
    const isRefusal = status >= 400 && status < 500;
    throw new GatewayError(status === 403 ? "not_allowed" : "invalid_request", message, {
      status: isRefusal ? status : 400,
    });
  }
  const { body, fields } = asked;
  const renamed = { ...asked, fields: { ...fields, model: result.model } };
  // A Gemini request has its model in the path, and gets its name there at the upstream.
  if (!Buffer.isBuffer(body) || dialect === "gemini") return renamed;
  return { ...renamed, body: withModel(body, result.model) };
}
