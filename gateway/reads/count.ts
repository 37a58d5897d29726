import type { IncomingMessage, ServerResponse } from "node:http";
import { setIdentityHeaders } from "../answer/identity-headers.ts";
import type { Identity } from "../auth/identity.ts";
import { withGeminiModel } from "../dialects/gemini/gemini-path.ts";
import { withModel } from "../dialects/json/json-edit.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { refuseOtherModels } from "../generation/refuse-other-models.ts";
import type { BodyReader } from "../limits/body.ts";
import { collect } from "../upstreams/collect.ts";
import { type Destination, modelAt } from "../upstreams/destination.ts";
import type { Outbound } from "../upstreams/forward.ts";
import { credentialsOf, headersToUpstream, keyOf } from "../upstreams/headers.ts";
import { lacksPath } from "../upstreams/speaks.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import { modelNamed } from "./model-named.ts";

export type CountParts = {
  bodies: Pick<BodyReader, "read">;
  /** Where a model is served; throws as `GenerationParts.route` does. */
  route(model: string | null, allowed: readonly string[] | null): Destination;
  /** Milliseconds; 0 is off. */
  timeouts: { readonly firstByteMs: number; readonly idleMs: number };
};

/** True for a dialect that only one family of upstreams knows. */
export const isForOneFamily = ({ dialect }: Pick<Exchange, "dialect">): boolean =>
  dialect === "messages" || dialect === "gemini";

/**
 * Answers a read that names a model (`asksOfModel`); most of them count the tokens of a prompt. An
 * upstream that does not know the client's dialect is asked in its own, or the tokens are estimated.
 * Rejects with the error for the client.
 */
export async function count(
  parts: CountParts,
  request: IncomingMessage,
  response: ServerResponse,
  exchange: Exchange,
  identity: Identity,
): Promise<void> {
  const { bytes, inflated, free } = await parts.bodies.read(request, response, exchange.signal);
  try {
    const model = modelNamed(exchange, bytes);
    refuseOtherModels(identity, model);
    const destination = parts.route(model, identity.models);
    const { upstream } = destination.first;
    const name = modelAt(destination, upstream);
    const { path, query, requestId } = exchange;
    const { user } = identity;
    const own = { user, requestId, ...keyOf(upstream), inflated, identity: true };
    const native: Outbound = {
      method: "POST",
      path: upstream.prefix + (name === null ? path : withGeminiModel(path, name)) + query,
      headers: headersToUpstream(request.headers, own),
      body: name === null || exchange.dialect === "gemini" ? bytes : withModel(bytes, name),
      firstByteMs: parts.timeouts.firstByteMs,
      idleMs: parts.timeouts.idleMs,
      fresh: true,
    };
    const converted = {
      ...native,
      body: bytes,
      headers: headersToUpstream(credentialsOf(request.headers), own),
    };
    const answer = await counted(upstream, exchange, { native, converted, model: name ?? model });
    setIdentityHeaders(response, exchange);
    response.setHeader("content-type", "application/json").end(answer);
  } finally {
    free();
  }
}

/** The question in the client's dialect, and the one from which a conversion is made. */
type Questions = { native: Outbound; converted: Outbound; model: string | null };

async function counted(
  upstream: Upstream,
  exchange: Exchange,
  { native, converted, model }: Questions,
): Promise<Buffer> {
  const { dialect, signal } = exchange;
  if (isItsOwn(upstream, dialect)) {
    try {
      return (await collect(upstream, native, signal)).bytes;
    } catch (error) {
      if (!lacksPath(error)) throw error;
      if (dialect !== "messages") throw error;
    }
  }
  if (dialect === "gemini") return Buffer.from(JSON.stringify(estimated(converted.body)));
  if (dialect !== "messages") throw cannotCount();
  const { countConverted } = await import("../upstreams/converted-count.ts");
  const tokens = await countConverted(upstream, converted, model ?? "", estimateOf, signal);
  return Buffer.from(JSON.stringify(tokens));
}

function isItsOwn({ family }: Upstream, dialect: Exchange["dialect"]): boolean {
  if (family === "google") return dialect === "gemini";
  if (family === "anthropic") return dialect === "messages";
  return dialect !== "gemini";
}

/** Characters to a token, in most languages and tokenizers. */
const charsPerToken = 4;

const estimateOf = (text: string): number => Math.ceil(text.length / charsPerToken);

/** For Gemini's own form; its field names are few beside its text. */
const estimated = (body: Outbound["body"]): object => ({
  totalTokens: estimateOf(Buffer.isBuffer(body) ? body.toString() : ""),
});

const cannotCount = (): GatewayError =>
  new GatewayError("invalid_request", "The upstream of this model does not support this request.", {
    param: "model",
  });
