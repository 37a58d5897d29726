import { GatewayError } from "../../../errors.ts";
import { ClientLeft } from "../../../exchange.ts";
import type { Admission, Candidate, Keeper, Turn } from "../../../generation/keeper.ts";
import { interruptedRow } from "../../../ledger/row.ts";
import { sampleIdentity } from "../test-generation.ts";
import type { SimClaim, SimClaims } from "./sim-claims.ts";
import type { SimLinesParts } from "./sim-lines.ts";
import type { SimMachine, SimProcess } from "./sim-machine.ts";
import type { SimRandom } from "./sim-random.ts";
import type { SimRules } from "./sim-rules.ts";
import type { SimUpstream } from "./sim-upstream.ts";

/** What a client wants, and what it will do. All of it is drawn before it begins. */
export type SimWish = {
  readonly id: string;
  readonly user: string;
  readonly session: string;
  readonly upstream: string;
  readonly workMs: number;
  /** It leaves so long after it came; null: it waits for its answer. */
  readonly leavesAfterMs: number | null;
  /** Its first attempt fails at once, before any byte. */
  readonly failsOnce: boolean;
  /** Its gateway takes so long between the slot and the sending. */
  readonly preparesMs: number;
  /** Between the check and the sending its machine is stopped for so long. */
  readonly stopsMs: number | null;
};

export type SimClientParts = {
  readonly process: SimProcess;
  readonly keeper: Keeper;
  readonly pool: SimLinesParts["pool"];
  readonly claims: SimClaims;
  readonly rules: SimRules;
  readonly upstreams: ReadonlyMap<string, SimUpstream>;
  now(): number;
  /** Stops the machine for so long. */
  stopMachine(machine: SimMachine, ms: number): void;
};

export function wishFrom(
  random: SimRandom,
  id: string,
  { pool, isRough }: { pool: SimLinesParts["pool"]; isRough: boolean },
): SimWish {
  const isLong = random.chance(0.25);
  return {
    id,
    user: `user${random.whole(0, 3)}`,
    session: `session${random.whole(0, 1)}`,
    upstream: random.pick(pool.upstreams).name,
    workMs: isLong ? random.between(9_000, 22_000) : random.between(50, 2_000),
    leavesAfterMs: random.chance(0.15) ? random.exponential(4_000) : null,
    failsOnce: random.chance(0.05),
    preparesMs: isRough && random.chance(0.2) ? random.exponential(3_000) : 0,
    stopsMs: isRough && random.chance(0.002) ? random.between(500, 18_000) : null,
  };
}

/** One request from its arrival to its end, as a gateway runs it (generation/generation.ts). */
export async function runClient(parts: SimClientParts, wish: SimWish): Promise<void> {
  const { process, keeper, claims } = parts;
  const stop = new AbortController();
  const claim = claims.asks(wish.id, process, wish.upstream);
  if (wish.leavesAfterMs !== null) {
    process.later(wish.leavesAfterMs, () => stop.abort(new ClientLeft()));
  }
  let admission: Admission;
  try {
    admission = await keeper.take(candidateOf(parts, wish), stop);
  } catch (cause) {
    claims.moves(claim, "over", `is refused: ${codeOf(cause)}`);
    return;
  }
  claims.moves(claim, "waits", "is accepted");
  const error = await turns(parts, wish, claim, { admission, stop });
  await admission.close({ row: interruptedRow, charge: null, cachedAt: null });
  admission.end();
  claims.moves(claim, "over", error === null ? "is done" : `ends: ${codeOf(error)}`);
}

type Running = { readonly admission: Admission; readonly stop: AbortController };

/** Takes turns until one has served it; null: it was served. */
async function turns(
  parts: SimClientParts,
  wish: SimWish,
  claim: SimClaim,
  { admission, stop }: Running,
): Promise<unknown> {
  const failed = new Set<string>();
  for (;;) {
    let turn: Turn;
    try {
      turn = await admission.turn(() => {}, failed.size === 0 ? undefined : failed);
    } catch (cause) {
      return cause;
    }
    parts.claims.moves(claim, "runs", `has a slot at ${turn.upstream}`);
    let error: unknown = null;
    try {
      await attempt(parts, wish, turn, stop.signal, failed.size === 0 && wish.failsOnce);
    } catch (cause) {
      error = cause;
    }
    turn.end(error === null ? null : asError(error), {});
    if (error === null || !(error instanceof FailedFast)) return error;
    failed.add(turn.upstream);
    claim.isRetry = true;
    parts.claims.moves(claim, "waits", "waits for another slot");
  }
}

class FailedFast extends GatewayError {
  constructor() {
    super("upstream_error", "The upstream refused the connection.");
  }
}

/** Sends it to the upstream, and waits until that has ended its work. */
async function attempt(
  { process, rules, upstreams, now, stopMachine }: SimClientParts,
  { id, workMs, preparesMs, stopsMs }: SimWish,
  turn: Turn,
  signal: AbortSignal,
  fails: boolean,
): Promise<void> {
  signal.throwIfAborted();
  if (fails) throw new FailedFast();
  if (preparesMs > 0) await new Promise<void>((resolve) => process.later(preparesMs, resolve));
  signal.throwIfAborted();
  turn.check?.();
  const checkedAt = now();
  if (stopsMs !== null) {
    stopMachine(process.machine, stopsMs);
    await new Promise<void>((resolve) => process.arrives(resolve));
  }
  rules.sends(process, id, checkedAt);
  const sent = upstreams.get(turn.upstream)?.send(process, id, workMs);
  if (sent === undefined) throw new Error(`There is no upstream ${turn.upstream}.`);
  const abort = (): void => sent.abort();
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  const isWhole = await sent.ended;
  signal.removeEventListener("abort", abort);
  if (!isWhole) signal.throwIfAborted();
}

function candidateOf({ pool }: SimClientParts, wish: SimWish): Candidate {
  const { id, user, session, upstream } = wish;
  const all = pool.upstreams.map(({ name }) => ({ upstream: name, tier: 0 }));
  const seats = {
    key: pool.isOne ? "all" : upstream,
    list: pool.isOne ? all : [{ upstream, tier: 0 }],
  };
  return {
    opening: {
      ...{ id, requestId: id, user, model: "model", upstream, dialect: "chat" as const },
      ...{ path: "/v1/chat/completions", streamed: true, startedAt: 0 },
    },
    identity: { ...sampleIdentity, user },
    limited: { dialect: "chat", estimate: { input: 0, output: 0 } },
    wish: {
      ...{ session, streamed: true, inputTokens: undefined, maxTokens: undefined },
      ...{ seats: pool.isOne ? seats : undefined, priority: null, conversation: null },
    },
  };
}

const codeOf = (cause: unknown): string =>
  cause instanceof GatewayError ? cause.code : cause instanceof Error ? String(cause.stack) : "?";

const asError = (cause: unknown): GatewayError =>
  cause instanceof GatewayError ? cause : new GatewayError("internal_error", String(cause));
