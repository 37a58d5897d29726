import { isErrorInAnswer } from "../dialects/stream-error.ts";
import type { CostOf } from "../ledger/prices.ts";
import type { Used } from "../limits/reservation.ts";
import type { TokenCounter } from "../limits/token-counter.ts";
import { modelAt } from "../upstreams/destination.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { Accepted } from "./reserve.ts";
import type { Outcome } from "./turns.ts";

export type ChargeParts = {
  tokens: Pick<TokenCounter<Upstream>, "count">;
  costOf: CostOf;
};

/**
 * What the user's limits are charged for a generation: what the upstream told, and where it told
 * nothing, what passed and the estimate of the prompt. A promise only if the upstream did not tell
 * all; it never rejects.
 *
 * @param cost - in US dollars, by what the upstream told; null where it is unknown
 */
export function chargeOf(
  parts: ChargeParts,
  accepted: Accepted,
  outcome: Outcome,
  cost: number | null,
): Used | Promise<Used> {
  const { upstreamMs, reading } = outcome;
  const { input, output, source } = reading.usage;
  if (output === null || source === "estimated" || input === null) {
    return estimatedCharge(parts, accepted, outcome, cost);
  }
  return { input, output, upstreamMs, ran: promptWasRead(outcome), cost: cost ?? 0 };
}

async function estimatedCharge(
  parts: ChargeParts,
  accepted: Accepted,
  outcome: Outcome,
  cost: number | null,
): Promise<Used> {
  const { upstreamMs, reading } = outcome;
  const { input, output, source } = reading.usage;
  const isTold = output !== null && source !== "estimated";
  const ran = promptWasRead(outcome);
  const passed = isTold ? output : await countPassed(parts, accepted, outcome);
  const charged = { input, output: isTold ? output : null, upstreamMs, ran, passed };
  if (cost !== null && source !== "estimated") return { ...charged, cost };
  const read = input ?? (ran ? accepted.expectedInput : 0);
  return { ...charged, cost: costFor(parts, accepted, outcome, { input: read, output: passed }) };
}

/**
 * False if no upstream has worked on the request: it waited, was refused, or could not be sent. A
 * client that leaves, and a time-out, come while an upstream reads the prompt.
 */
function promptWasRead({ slot, error, reading }: Outcome): boolean {
  if (slot === null || isErrorInAnswer(error)) return reading.status > 0;
  if (error === null || reading.status > 0) return true;
  return ["client_closed", "cancelled", "upstream_timeout", "shutting_down"].includes(error.code);
}

/** By the model's tokenizer if there is one, else by the length of the text. */
async function countPassed(
  { tokens }: ChargeParts,
  { destination, isLimited, request }: Accepted,
  { member, reading }: Outcome,
): Promise<number> {
  const { text, tokens: estimate } = reading.passed;
  if (!isLimited || text === "") return estimate;
  const { upstream } = member ?? destination.first;
  const counted = await tokens.count({
    model: modelAt(destination, upstream) ?? request.fields.model,
    body: Buffer.from(JSON.stringify({ prompt: text })),
    dialect: "completions",
    chars: text.length,
    upstream,
  });
  return counted ?? estimate;
}

function costFor(
  { costOf }: ChargeParts,
  { destination, request }: Accepted,
  { member, upstreamMs }: Outcome,
  { input, output }: { input: number; output: number },
): number {
  const { model } = request.fields;
  const { upstream } = member ?? destination.first;
  const upstreamModel = modelAt(destination, upstream) ?? model;
  const usage = { input, output, cached: null, reasoning: null, source: "estimated" } as const;
  return costOf({ model, upstreamModel, usage, upstreamMs }) ?? 0;
}
