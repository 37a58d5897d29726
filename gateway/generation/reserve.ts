import type { Identity } from "../auth/identity.ts";
import { GatewayError, shuttingDown } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { createMeter, type Meter } from "../ledger/meter.ts";
import { type Ask, type Estimate, estimateOf } from "../limits/estimate.ts";
import type { Reservation } from "../limits/reservation.ts";
import type { Line } from "../line/line.ts";
import { type Destination, modelAt } from "./destination.ts";
import type { RoadParts } from "./parts.ts";
import type { Asked } from "./read-request.ts";

/** A generation that will have an end: it has a row in the ledger, and room in the line. */
export type Accepted = {
  readonly exchange: Exchange;
  readonly identity: Identity;
  readonly asked: Asked;
  readonly destination: Destination;
  readonly meter: Meter;
  /** The conversation it goes on with, where it matters who served that before. */
  readonly conversation: string | null;
  readonly reservation: Reservation;
  /** Ends it from inside: a time-out, a cancel, a shutdown. */
  readonly stop: AbortController;
};

/** What is reserved before a generation runs. */
export type Expected = {
  /** Tokens of the prompt, where a tokenizer counted them. */
  readonly counted: number | null;
  /** Whether some limit of the user's depends on tokens. */
  readonly isLimited: boolean;
};

/**
 * Room in the line, room in the user's limits, and the ledger's row, in one synchronous stretch, so
 * that two requests never share the last place. Throws 429 or 503 where there is no room; then
 * there is no row.
 */
export function reserve(
  parts: RoadParts,
  request: Omit<Accepted, "meter" | "reservation" | "conversation">,
  expected: Expected = { counted: null, isLimited: false },
): Accepted {
  const { exchange, identity, asked, destination } = request;
  const { line, first } = destination;
  // A client that left while its body was read is no generation.
  exchange.signal.throwIfAborted();
  if (parts.draining() || line.state() === "draining") throw shuttingDown();
  refuseIfFull(line, identity);
  const { model, inputChars: chars, prompts } = asked.fields;
  const { counted, isLimited } = expected;
  const tokens = estimateOf({ ...askOf(exchange, asked), counted });
  const estimate = isLimited ? { ...tokens, ...priceOf(parts, request, tokens) } : tokens;
  // Usage counts the prompt once for several choices, so only of several prompts it says too
  // little.
  const prompt = prompts === 1 ? { prompt: { model: model ?? "", chars } } : {};
  const limited = { dialect: exchange.dialect, estimate, ...prompt };
  const reservation = parts.limits.reserve(identity, limited, Date.now());
  parts.ledger.open({
    id: exchange.id,
    requestId: exchange.requestId,
    user: identity.user,
    model: asked.fields.model,
    upstream: first.upstream.name,
    dialect: exchange.dialect,
    path: exchange.path,
    streamed: asked.fields.stream,
    startedAt: exchange.startedAt,
  });
  return {
    ...request,
    reservation,
    conversation: conversationOf(parts, request),
    meter: createMeter(exchange.dialect, asked.fields.prompts, exchange.startedMono),
  };
}

/** What it may cost, where that can be said beforehand. */
function priceOf(
  parts: RoadParts,
  { asked, destination }: Pick<Accepted, "asked" | "destination">,
  { input, output }: Estimate,
): { cost?: number } {
  const { model } = asked.fields;
  const upstreamModel = modelAt(destination, destination.first.upstream) ?? model;
  const usage = { input, output: output ?? 0, cached: null, reasoning: null, source: null };
  const cost = parts.costOf({ model, upstreamModel, usage, upstreamMs: null });
  return cost === null ? {} : { cost };
}

/** Asked only where there is more than one upstream to choose from. */
function conversationOf(
  { affinity }: RoadParts,
  {
    destination,
    identity,
    asked,
    exchange,
  }: Pick<Accepted, "destination" | "identity" | "asked" | "exchange">,
): string | null {
  const { seats } = destination;
  if (seats.list.length < 2 || !Buffer.isBuffer(asked.body)) return null;
  return affinity.keyOf(identity.user, asked.fields.model ?? "", asked.body, exchange.dialect);
}

const fullMessages = {
  line: "The queue is full. Try again when it is shorter.",
  user: "You have too many waiting requests. Try again when one of them has ended.",
};

function refuseIfFull(line: Line, { user, maxQueued }: Identity): void {
  const full = line.whatIsFull(user, maxQueued ?? undefined);
  if (full === null) return;
  throw new GatewayError("queue_full", fullMessages[full], {
    headers: { "retry-after": String(line.retryAfterSeconds()) },
  });
}

function askOf({ dialect }: Exchange, { fields, json }: Asked): Ask {
  const { inputChars, maxTokens, n, prompts } = fields;
  const generates = dialect !== "embeddings" && dialect !== "rerank" && json;
  return { inputChars, maxTokens, choices: n * prompts, generates };
}
