import type { KeptLines } from "../../../cluster/gateways/kept-lines.ts";
import { createLineKeeper } from "../../../cluster/gateways/line-keeper.ts";
import type { Candidate, Underway } from "../../../generation/keeper.ts";
import { createLocalKeeper } from "../../../generation/local-keeper.ts";
import { type AllLines, allLines } from "../../../line/all-lines.ts";
import { createLine, type Line } from "../../../line/line.ts";
import { Roster } from "../../../roster.ts";
import { bareKeeperParts } from "../bare-keeper.ts";
import { sampleIdentity } from "../test-generation.ts";

/** No timer of a line comes before the end of a test in virtual time. */
const neverMs = 2_147_483_647;

export type KeptTestLinesParts = {
  /** Slots by upstream. */
  readonly upstreams: Readonly<Record<string, number>>;
  mayStart(): boolean;
  /** Reads what a user used before. Default: nothing is to be read. */
  readonly recall?: ((user: string) => Promise<void>) | undefined;
};

export type KeptTestLines = {
  readonly kept: KeptLines;
  readonly lines: AllLines;
  /** What this keeper has accepted, by id. */
  readonly underway: Roster<Underway>;
};

/** Real lines without limits and without a ledger, as the keeper of a cluster has them. */
export function keptTestLines(parts: KeptTestLinesParts): KeptTestLines {
  const { mayStart, recall } = parts;
  const common = { maxQueue: null, now: () => 0, placesEveryMs: neverMs, mayStart };
  const byName = new Map<string, Line>(
    Object.entries(parts.upstreams).map(([name, capacity]) => {
      return [name, createLine({ ...common, capacity })];
    }),
  );
  const lineAt = (upstream: string): Line => {
    const line = byName.get(upstream);
    if (line === undefined) throw new Error(`There is no upstream ${upstream}.`);
    return line;
  };
  const lines = allLines([...byName.values()], () => 0);
  const underway = new Roster<Underway>();
  const keeper = createLocalKeeper({ ...bareKeeperParts, lineAt, underway });
  const kept = createLineKeeper({
    ...{ keeper, lineAt, lines, isHere: (upstream) => byName.has(upstream) },
    reconsider: () => {
      for (const line of byName.values()) line.reconsider();
    },
    limits: { recall: (who) => recall?.(who.user) ?? null, renew: () => {} },
  });
  return { kept, lines, underway };
}

/** A generation as its gateway tells the keeper of it. */
export function testCandidate(
  id: string,
  given: { user?: string; upstream?: string; model?: string; priority?: number } = {},
): Candidate {
  const { user = "alice", upstream = "u", model = "model", priority = 0 } = given;
  return {
    opening: {
      ...{ id, requestId: id, user, model, upstream, dialect: "chat" as const },
      ...{ path: "/v1/chat/completions", streamed: true, startedAt: 0 },
    },
    identity: { ...sampleIdentity, user, priority },
    limited: { dialect: "chat", estimate: { input: 0, output: 0 } },
    wish: {
      ...{ session: undefined, streamed: true, inputTokens: undefined, maxTokens: undefined },
      ...{ seats: undefined, priority: null, conversation: null },
    },
  };
}
