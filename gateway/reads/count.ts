import type { IncomingMessage, ServerResponse } from "node:http";
import { setIdentityHeaders } from "../answer/identity-headers.ts";
import type { Identity } from "../auth/identity.ts";
import { type DialectName, dialects } from "../dialects/all.ts";
import type { Family } from "../dialects/dialect.ts";
import type { CountBodies } from "../dialects/hub/count-bodies.ts";
import { charsPerToken } from "../dialects/input-size.ts";
import type { EditInput } from "../dialects/tasks/body-tasks.ts";
import type { BodyWork } from "../dialects/tasks/body-thread.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { refuseOtherModels } from "../generation/refuse-other-models.ts";
import type { BodyReader } from "../limits/body.ts";
import type { StopSignal } from "../stop-signal.ts";
import { collect } from "../upstreams/collect.ts";
import { type Destination, modelAt } from "../upstreams/destination.ts";
import type { Outbound } from "../upstreams/forward.ts";
import { credentialsOf, headersToUpstream, keyOf } from "../upstreams/headers.ts";
import { isNative, lacksPath } from "../upstreams/speaks.ts";
import type { Upstream } from "../upstreams/upstream.ts";

export type CountParts = {
  bodies: Pick<BodyReader, "read">;
  work: Pick<BodyWork, "run">;
  /** Where a model is served; throws as `GenerationParts.route` does. */
  route(model: string | null, allowed: readonly string[] | null): Destination;
  /** Milliseconds; 0 is off. */
  timeouts: { readonly firstByteMs: number; readonly idleMs: number };
};

/** True for a dialect that only one family of upstreams knows. */
export const isForOneFamily = ({ dialect }: Pick<Exchange, "dialect">): boolean =>
  dialects[dialect].prompt.count !== null;

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
  const { bytes, inflated, free } = await parts.bodies.read(request, response, {
    user: identity.user,
    signal: exchange.signal,
  });
  try {
    const form = dialects[exchange.dialect].request;
    const { dialect, signal } = exchange;
    const run = parts.work.run;
    const model = await run("modelOf", bytes, { dialect, path: exchange.path }, signal);
    refuseOtherModels(identity, model);
    const destination = parts.route(model, identity.models);
    const { upstream } = destination.first;
    const name = modelAt(destination, upstream);
    const { path, query, requestId } = exchange;
    const { user } = identity;
    const own = { user, requestId, ...keyOf(upstream), inflated, identity: true };
    const native: Outbound = {
      method: "POST",
      path: upstream.prefix + (name === null ? path : form.pathWithModel(path, name)) + query,
      headers: headersToUpstream(request.headers, own),
      body:
        name === null ? bytes : (await run("edit", bytes, renamedTo(name, dialect), signal)).body,
      firstByteMs: parts.timeouts.firstByteMs,
      idleMs: parts.timeouts.idleMs,
      fresh: true,
    };
    const converted = {
      ...native,
      body: bytes,
      headers: headersToUpstream(credentialsOf(request.headers), own),
    };
    const asked = name ?? model ?? "";
    const count = async (family: Family): Promise<CountBodies> =>
      run("count", bytes, { family, model: asked }, signal);
    const answer = await counted(upstream, exchange, { native, converted, count });
    setIdentityHeaders(response, exchange);
    response.setHeader("content-type", "application/json").end(answer);
  } finally {
    free();
  }
}

/** The question in the client's dialect, and the one from which a conversion is made. */
type Questions = {
  native: Outbound;
  converted: Outbound;
  count: (family: Family) => Promise<CountBodies>;
};

const renamedTo = (model: string, dialect: DialectName): EditInput => ({
  dialect,
  edits: {
    model,
    assembles: false,
    addsUsage: false,
    addsProgress: false,
    fits: false,
    dropsThoughts: false,
    demotes: false,
  },
});

async function counted(
  upstream: Upstream,
  exchange: Exchange,
  { native, converted, count }: Questions,
): Promise<Buffer> {
  const { signal } = exchange;
  const { prompt } = dialects[exchange.dialect];
  if (isNative(upstream, exchange.dialect)) {
    try {
      return (await collect(upstream, native, signal)).bytes;
    } catch (error) {
      if (!lacksPath(error) || prompt.count?.converts !== true) throw error;
    }
  }
  if (prompt.count === null) throw cannotCount();
  const tokens = prompt.count.converts
    ? await countElsewhere(upstream, converted, count, signal)
    : estimateOf(Buffer.isBuffer(converted.body) ? converted.body.length : 0);
  return Buffer.from(JSON.stringify(prompt.count.answer(tokens)));
}

async function countElsewhere(
  upstream: Upstream,
  converted: Outbound,
  count: Questions["count"],
  signal: StopSignal,
): Promise<number> {
  // Loaded with the first conversion, like the translators.
  const { countConverted } = await import("../upstreams/converted-count.ts");
  return countConverted(upstream, converted, count, estimateOf, signal);
}

/** Of a whole body too: its field names are few beside the text. */
const estimateOf = (chars: number): number => Math.ceil(chars / charsPerToken);

const cannotCount = (): GatewayError =>
  new GatewayError("invalid_request", "The upstream of this model does not support this request.", {
    param: "model",
  });
