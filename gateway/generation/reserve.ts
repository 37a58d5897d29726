import { type Identity, keyIdIn } from "../auth/identity.ts";
import { dialects } from "../dialects/all.ts";
import type { Exchange } from "../exchange.ts";
import { createMeter, type Meter } from "../ledger/meter.ts";
import type { CostOf } from "../ledger/prices.ts";
import { type Estimate, type EstimateInput, estimateOf } from "../limits/estimate.ts";
import type { StopControl } from "../stop-signal.ts";
import { type Destination, modelAt } from "../upstreams/destination.ts";
import type { Admission, Keeper } from "./keeper.ts";
import type { GenerationRequest } from "./read-request.ts";
import { wishOf } from "./ticket-of.ts";

export type ReserveParts = {
  keeper: Keeper;
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
  /** What the keeper gave: the row, the user's part of the limits, the place in the line. */
  readonly admission: Admission;
  /** Ends it from inside: a time-out, a cancel, a shutdown. */
  readonly stop: StopControl;
};

/** What is known before anything is reserved. */
export type Unreserved = Omit<Accepted, "meter" | "admission" | "expectedInput" | "isLimited">;

/** What is reserved before a generation runs. */
export type Expected = {
  /** Tokens of the prompt; null if no tokenizer counted them. */
  readonly counted: number | null;
  /** True if some limit of the user depends on tokens. */
  readonly isLimited: boolean;
};

/**
 * Asks the keeper for room in the user's limits, a place in the line and a row, which are one. Throws
 * or rejects with 429 or 503 if there is no room; then there is no row. A promise only if the keeper
 * gives one.
 */
export function reserve(
  parts: ReserveParts,
  given: Unreserved,
  expected: Expected = { counted: null, isLimited: false },
): Accepted | Promise<Accepted> {
  const { exchange, identity, request, destination, stop } = given;
  // A client that left while its body was read gets no row.
  exchange.signal.throwIfAborted();
  const { model, inputChars: chars, prompts, stream } = request.fields;
  const { counted, isLimited } = expected;
  const tokens = estimateOf({ ...askOf(exchange, request), counted });
  const estimate = isLimited ? { ...tokens, ...priceOf(parts, given, tokens) } : tokens;
  // Several choices share one prompt; but of several prompts the usage says too little about each.
  const prompt = prompts === 1 ? { prompt: { model: model ?? "", chars } } : {};
  const asked = parts.keeper.take(
    {
      opening: {
        id: exchange.id,
        requestId: exchange.requestId,
        user: identity.user,
        key: keyIdIn(identity),
        model,
        upstream: destination.first.upstream.name,
        dialect: exchange.dialect,
        path: exchange.path,
        streamed: stream,
        startedAt: exchange.startedAt,
      },
      identity,
      limited: { dialect: exchange.dialect, estimate, ...prompt },
      wish: wishOf(request, destination.seats),
    },
    stop,
  );
  const accepted = (admission: Admission): Accepted => ({
    ...given,
    admission,
    expectedInput: tokens.input,
    isLimited,
    meter: createMeter(exchange.dialect, {
      prompts,
      startedMono: exchange.startedMono,
      keepsText: isLimited,
    }),
  });
  return asked instanceof Promise ? asked.then(accepted) : accepted(asked);
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

function askOf({ dialect }: Exchange, { fields, json }: GenerationRequest): EstimateInput {
  const { inputChars, maxTokens, n, prompts } = fields;
  const generates = json && dialects[dialect].prompt.generates;
  return { inputChars, maxTokens, choices: n * prompts, generates };
}
