import { type Identity, keyIdIn } from "../auth/identity.ts";
import { dialects } from "../dialects/all.ts";
import { GatewayError, shuttingDown } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { createMeter, type Meter } from "../ledger/meter.ts";
import type { CostOf } from "../ledger/prices.ts";
import { type Estimate, type EstimateInput, estimateOf } from "../limits/estimate.ts";
import type { Limits } from "../limits/limits.ts";
import type { Reservation } from "../limits/reservation.ts";
import type { Line } from "../line/line.ts";
import { type Destination, modelAt } from "../upstreams/destination.ts";
import type { GenerationRequest } from "./read-request.ts";
import { teamOf } from "./ticket-of.ts";

export type ReserveParts = {
  draining(): boolean;
  limits: Limits;
  ledger: Pick<Ledger, "open">;
  costOf: CostOf;
};

/** A generation that was accepted: it has a row in the ledger, and room in the line. */
export type Accepted = {
  readonly exchange: Exchange;
  readonly identity: Identity;
  readonly request: GenerationRequest;
  readonly destination: Destination;
  readonly meter: Meter;
  /** An estimate of the tokens of its prompt, before the upstream tells them. */
  readonly expectedInput: number;
  /** True if some limit of the user depends on tokens. */
  readonly isLimited: boolean;
  /** The conversation it continues, if there are several upstreams to choose from. */
  readonly conversation: string | null;
  readonly reservation: Reservation;
  /** Ends it from inside: a time-out, a cancel, a shutdown. */
  readonly stop: AbortController;
};

/** What is known before anything is reserved. */
export type Unreserved = Omit<
  Accepted,
  "meter" | "reservation" | "conversation" | "expectedInput" | "isLimited"
>;

/** What is reserved before a generation runs. */
export type Expected = {
  /** Tokens of the prompt; null if no tokenizer counted them. */
  readonly counted: number | null;
  /** True if some limit of the user depends on tokens. */
  readonly isLimited: boolean;
};

/**
 * Takes room in the line and in the user's limits, and opens the row of the ledger, in one
 * synchronous stretch, so that two requests never share the last place. Throws 429 or 503 if there
 * is no room; then there is no row.
 */
export function reserve(
  parts: ReserveParts,
  given: Unreserved,
  expected: Expected = { counted: null, isLimited: false },
): Accepted {
  const { exchange, identity, request, destination } = given;
  const { line, first } = destination;
  // A client that left while its body was read gets no row.
  exchange.signal.throwIfAborted();
  if (parts.draining() || line.state() === "draining") throw shuttingDown();
  refuseIfFull(line, identity);
  const { model, inputChars: chars, prompts } = request.fields;
  const { counted, isLimited } = expected;
  const tokens = estimateOf({ ...askOf(exchange, request), counted });
  const estimate = isLimited ? { ...tokens, ...priceOf(parts, given, tokens) } : tokens;
  // Several choices share one prompt; but of several prompts the usage says too little about each.
  const prompt = prompts === 1 ? { prompt: { model: model ?? "", chars } } : {};
  const limited = { dialect: exchange.dialect, estimate, ...prompt };
  const reservation = parts.limits.reserve(identity, limited, Date.now());
  parts.ledger.open({
    id: exchange.id,
    requestId: exchange.requestId,
    user: identity.user,
    key: keyIdIn(identity),
    model,
    upstream: first.upstream.name,
    dialect: exchange.dialect,
    path: exchange.path,
    streamed: request.fields.stream,
    startedAt: exchange.startedAt,
  });
  return {
    ...given,
    reservation,
    expectedInput: tokens.input,
    isLimited,
    conversation: destination.seats.list.length < 2 ? null : request.conversation,
    meter: createMeter(exchange.dialect, {
      prompts,
      startedMono: exchange.startedMono,
      keepsText: isLimited,
    }),
  };
}

/** What it may cost, if that is known beforehand. */
function priceOf(
  parts: Pick<ReserveParts, "costOf">,
  { request, destination }: Pick<Accepted, "request" | "destination">,
  { input, output }: Estimate,
): { cost?: number } {
  const { model } = request.fields;
  const upstreamModel = modelAt(destination, destination.first.upstream) ?? model;
  const usage = { input, output: output ?? 0, cached: null, reasoning: null, source: null };
  const cost = parts.costOf({ model, upstreamModel, usage, upstreamMs: null });
  return cost === null ? {} : { cost };
}

const fullMessages = {
  line: "The queue is full. Try again when it is shorter.",
  user: "You have too many waiting requests. Try again when one of them has ended.",
  team: "The people behind this key have too many waiting requests. Try again a little later.",
};

function refuseIfFull(line: Line, identity: Identity): void {
  const { user, maxQueued } = identity;
  const full = line.whatIsFull(user, maxQueued ?? undefined, teamOf(identity));
  if (full === null) return;
  throw new GatewayError("queue_full", fullMessages[full], {
    headers: { "retry-after": String(line.retryAfterSeconds()) },
  });
}

function askOf({ dialect }: Exchange, { fields, json }: GenerationRequest): EstimateInput {
  const { inputChars, maxTokens, n, prompts } = fields;
  const generates = json && dialects[dialect].prompt.generates;
  return { inputChars, maxTokens, choices: n * prompts, generates };
}
