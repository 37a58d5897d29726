import type { IncomingMessage, ServerResponse } from "node:http";
import { Answer } from "../answer/answer.ts";
import type { AnswerOptions } from "../answer/answer-options.ts";
import type { Bytes } from "../answer/shaper.ts";
import { dialects } from "../dialects/all.ts";
import { smallFields } from "../dialects/json/small-fields.ts";
import { isErrorInAnswer } from "../dialects/stream-error.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange, ExchangeTarget } from "../exchange.ts";
import type { JsonObject } from "../json-object.ts";
import type { Limits } from "../limits/limits.ts";
import type { Loaded } from "../middlewares/load-middlewares.ts";
import { type Destination, modelAt } from "../upstreams/destination.ts";
import { canServe, isNative } from "../upstreams/speaks.ts";
import { kindOf, learnKind, type Upstream } from "../upstreams/upstream.ts";
import { type Entered, type FrameParts, httpClient, withExchange } from "../with-exchange.ts";
import { askedNotice } from "./asked-notice.ts";
import { type CountPromptParts, countPrompt } from "./count-prompt.ts";
import { type GenerationRequest, type ReadRequestParts, readRequest } from "./read-request.ts";
import { refuseOtherModels } from "./refuse-other-models.ts";
import { type Accepted, type ReserveParts, reserve } from "./reserve.ts";
import { type RunAcceptedParts, runAccepted } from "./run-accepted.ts";
import { runMiddlewares } from "./run-middlewares.ts";
import { type SpeakParts, speakEitherWay } from "./speak-either-way.ts";
import { noteStored, refuseStored, type StoredParts } from "./stored.ts";

/** What a generation needs: what each of its steps needs, and these. */
export type GenerationParts = FrameParts &
  ReadRequestParts &
  CountPromptParts &
  ReserveParts &
  RunAcceptedParts &
  SpeakParts &
  StoredParts & {
    /** The user's own middlewares, in their order. */
    middlewares: readonly Loaded[];
    limits: Pick<Limits, "countsTokens">;
    /** The name that the gateway knows a model by. */
    nameOf(model: string | null): string | null;
    /**
     * Where a model is served. Throws 404 for an unknown model, or 400 where one must be named. Both
     * list the models of `allowed`, which the key may use (null: all).
     */
    route(model: string | null, allowed: readonly string[] | null): Destination;
    /** The answer's options; a public exchange is kept alive sooner. */
    answers(exchange: Exchange): AnswerOptions;
  };

/**
 * A generation from its first byte to its last, step by step (DESIGN.md has the drawing). Until
 * `reserve` every refusal has its real status and leaves no row. From there on there is one row, at
 * most one slot at a time, and one `settle`.
 */
export function generation(
  parts: GenerationParts,
  request: IncomingMessage,
  response: ServerResponse,
  target: ExchangeTarget,
): Promise<void> {
  return withExchange(parts, httpClient(request, response), target, (entered) =>
    generate(parts, entered, request, response),
  );
}

async function generate(
  parts: GenerationParts,
  { exchange, identity, stop, trace }: Entered,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const read = await readRequest(parts, request, response, { exchange, identity });
  try {
    trace?.asked({ user: identity.user, model: read.fields.model, body: textOf(read) });
    const wanted =
      parts.middlewares.length === 0
        ? read
        : await runMiddlewares(parts.middlewares, { exchange, identity, request: read, response });
    const { model, otherModels, framing } = wanted.fields;
    refuseOtherModels(identity, parts.nameOf(model), otherModels);
    const destination = parts.route(model, identity.models);
    refuseUnspoken(destination, exchange);
    const refusing = refuseStored(parts, wanted, destination, { exchange, identity });
    if (refusing !== null) await refusing;
    const given = { exchange, identity, request: wanted, destination, stop };
    // What cannot be told is refused now, not when somebody has waited for it.
    askedNotice(given);
    const isLimited = parts.limits.countsTokens(identity);
    const counted = isLimited ? await countPrompt(parts, given) : null;
    const reserving = reserve(parts, given, { counted, isLimited });
    const accepted = reserving instanceof Promise ? await reserving : reserving;
    setHeaders(response, accepted.admission.headers);
    const answer = new Answer(request, response, exchange, parts.answers(exchange));
    const { repeats } = dialects[exchange.dialect].answer;
    const mayBegin = keepsNoResponses(accepted);
    const repeated = (): JsonObject => smallFields(textOf(wanted), repeats);
    answer.accepted({ model, framing, mayBegin, repeated });
    await runAccepted(parts, accepted, answer, (slot) =>
      speakEitherWay(parts, accepted, answer, slot).then(() =>
        complete(parts, accepted, answer, slot.member.upstream),
      ),
    );
  } finally {
    // `using` would take twice as long.
    read.free();
  }
}

/** The upstream has ended its answer. Gives the bytes that are kept back; throws if it was cut. */
function complete(
  parts: StoredParts,
  accepted: Accepted,
  answer: Answer,
  upstream: Upstream,
): Bytes | null {
  try {
    const last = answer.complete();
    noteStored(parts, accepted, answer, upstream);
    accepted.meter.ended();
    learnFromTimings(accepted, upstream);
    return last;
  } catch (error) {
    // Another upstream may give the answer, as if this one had said so with its status.
    if (isErrorInAnswer(error) && answer.takeBack()) accepted.meter.takenBack();
    throw error;
  }
}

const textOf = ({ body, parsed }: GenerationRequest): Buffer | null =>
  parsed && Buffer.isBuffer(body) ? body : null;

/** An upstream of llama.cpp, and a conversion: then a response may have an id of ours. */
function keepsNoResponses({ destination, exchange, request }: Accepted): boolean {
  const { upstream } = destination.first;
  const model = modelAt(destination, upstream) ?? request.fields.model;
  return kindOf(upstream, model) === "llamacpp" || !isNative(upstream, exchange.dialect);
}

/**
 * Behind a proxy llama.cpp shows itself by its timings alone. Others imitate them; `cache_n`, the
 * cached tokens, is llama.cpp's own.
 */
function learnFromTimings({ destination, request, meter }: Accepted, upstream: Upstream): void {
  if (upstream.type !== "auto") return;
  const model = modelAt(destination, upstream) ?? request.fields.model;
  const cached = meter.timings()?.cachedTokens ?? null;
  if (kindOf(upstream, model) === "llamacpp" || cached === null) return;
  learnKind(upstream, { model, hasTimings: true });
}

/** Refuses, before anyone waits, a dialect that no upstream of the model can be asked in. */
function refuseUnspoken({ members, seats }: Destination, exchange: Exchange): void {
  const { dialect, path } = exchange;
  for (const seat of seats.list) {
    const upstream = members.get(seat.upstream)?.upstream;
    if (upstream !== undefined && canServe(upstream, dialect, path)) return;
  }
  const { conversion } = dialects[dialect].upstreams;
  if (conversion !== null && !conversion.takes(path)) {
    throw new GatewayError("not_found", `The upstream of this model does not have ${path}.`);
  }
  const what = `The upstream of this model does not support ${dialect} requests`;
  throw new GatewayError("invalid_request", `${what}. Choose another model.`, { param: "model" });
}

/** Sets headers that go out with the head, whichever step writes it. */
function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) response.setHeader(name, headers[name] ?? "");
}
