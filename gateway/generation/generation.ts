import type { IncomingMessage, ServerResponse } from "node:http";
import { Answer } from "../answer/answer.ts";
import { GatewayError, shuttingDown } from "../errors.ts";
import { createExchange, type Exchange, stopWhenLeft, type Target } from "../exchange.ts";
import { canServe, isNative } from "../upstreams/speaks.ts";
import { attemptUpstream } from "./attempt.ts";
import { countPrompt } from "./count-prompt.ts";
import type { Destination } from "./destination.ts";
import { asGatewayError } from "./failure.ts";
import type { RoadParts } from "./parts.ts";
import { type Asked, readRequest } from "./read-request.ts";
import { refuseOtherModels } from "./refuse-other-models.ts";
import { type Accepted, reserve } from "./reserve.ts";
import { runMiddlewares } from "./run-middlewares.ts";
import { settle } from "./settle.ts";
import { takeTurn } from "./turn.ts";

/**
 * The road of a generation, step by step. Until `reserve` every refusal has its real status and
 * leaves no row; from there on there is one row, one slot at most, and one `settle`.
 */
export async function generation(
  parts: RoadParts,
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
): Promise<void> {
  const stop = new AbortController();
  const exchange = createExchange(request, target, parts.doors, stop);
  stopWhenLeft(response, stop);
  const answer = new Answer(request, response, exchange, parts.answers(exchange));
  let accepted: Accepted;
  let user: string | null = null;
  let free = (): void => {};
  const trace = parts.tracer?.begin(exchange, request, response);
  try {
    if (parts.draining()) throw shuttingDown();
    const known = parts.authenticate(request);
    const identity = known instanceof Promise ? await known : known;
    user = identity.user;
    trace?.asked({ user, model: null, body: null });
    let asked = await readRequest(parts, request, response, { exchange, identity });
    free = asked.free;
    const { middlewares } = parts;
    trace?.asked({ user, model: asked.fields.model, body: bytesOf(asked) });
    if (middlewares.length > 0) {
      asked = await runMiddlewares(middlewares, { exchange, identity, asked, response });
    }
    refuseOtherModels(identity, asked.fields.model, asked.fields.otherModels);
    const destination = parts.route(asked.fields.model, identity.models);
    refuseUnspoken(destination, exchange);
    const isLimited = parts.limits.countsTokens(identity);
    const counted = isLimited ? await countPrompt(parts, { exchange, asked, destination }) : null;
    const given = { exchange, identity, asked, destination, stop };
    accepted = reserve(parts, given, { counted, isLimited });
  } catch (cause) {
    // Nothing is in the ledger, and nothing is owed.
    free();
    const error = asGatewayError(parts, exchange, cause);
    parts.telemetry.refused({ exchange, user, status: error.status, errorCode: error.code });
    answer.fail(error);
    return;
  }
  parts.underway.set(exchange.id, { user: accepted.identity.user, stop });
  setHeaders(response, accepted.reservation.headers);
  const { model, stream } = accepted.asked.fields;
  const ownResponseId = keepsNoResponses(accepted);
  answer.accepted({ model, stream, json: accepted.asked.json, ownResponseId });
  try {
    const outcome = await takeTurn(parts, accepted, answer, async (member, alone) => {
      await attemptUpstream(parts, accepted, answer, member, alone);
      const last = answer.complete();
      accepted.meter.ended();
      return last;
    });
    await settle(parts, accepted, answer, outcome);
  } finally {
    parts.underway.delete(exchange.id);
  }
}

/** An upstream of llama.cpp, and a conversion: then a response may have an id of ours. */
function keepsNoResponses({ destination, exchange }: Accepted): boolean {
  const { upstream } = destination.first;
  return upstream.kind === "llamacpp" || !isNative(upstream, exchange.dialect);
}

/** Before anyone waits: a model that none of its upstreams could be asked for in this way. */
function refuseUnspoken({ members, seats }: Destination, exchange: Exchange): void {
  const { dialect, path } = exchange;
  const upstreams = seats.list.map((seat) => members.get(seat.upstream)?.upstream);
  if (upstreams.some((one) => one && canServe(one, dialect, path))) return;
  const what = `The upstream of this model does not support ${dialect} requests`;
  throw new GatewayError("invalid_request", `${what}. Choose another model.`, { param: "model" });
}

const bytesOf = ({ body }: Asked): Buffer | null => (Buffer.isBuffer(body) ? body : null);

/** What is set here goes out with the head, whoever writes it. */
function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) response.setHeader(name, headers[name] ?? "");
}
