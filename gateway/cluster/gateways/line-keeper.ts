import type { AdoptingKeeper } from "../../generation/keeper.ts";
import type { Limits } from "../../limits/limits.ts";
import type { AllLines } from "../../line/all-lines.ts";
import type { Line } from "../../line/line.ts";
import type { KeptLines } from "./kept-lines.ts";

export type LineKeeperParts = {
  readonly keeper: AdoptingKeeper;
  lineAt(upstream: string): Line;
  /** Whether this gateway has the upstream. */
  isHere(upstream: string): boolean;
  readonly lines: Pick<AllLines, "state" | "pause" | "resume" | "drain">;
  reconsider(): void;
  readonly limits: Pick<Limits, "recall"> & { renew(): void };
};

/** Nothing ends the wait of a slot that nobody waits for. */
const { signal } = new AbortController();

/** The lines and limits of this gateway, as the keeper of a cluster needs them. */
export function createLineKeeper(parts: LineKeeperParts): KeptLines {
  const { keeper, lineAt, lines, reconsider, limits } = parts;
  let occupied = 0;
  return {
    keeper,
    reconsider,
    occupy(upstream, gateway) {
      // A gateway with other settings may hold slots that this one has no line for.
      if (!parts.isHere(upstream)) return () => {};
      const id = `silent:${gateway}:${++occupied}`;
      const ticket = { id, user: "(a silent gateway)", model: "(unknown)", signal };
      const slot = lineAt(upstream).adopt(ticket, upstream);
      return () => slot.release();
    },
    forgetUsers: () => limits.renew(),
    async recall(candidates) {
      const people = new Map(
        candidates.map(({ identity }) => [`${identity.user}\n${identity.behind?.keyId}`, identity]),
      );
      await Promise.all([...people.values()].map((who) => limits.recall(who, Date.now())));
    },
    state: () => lines.state(),
    steer(state) {
      if (state === lines.state()) return;
      if (state === "paused") lines.pause();
      else if (state === "draining") lines.drain();
      else lines.resume();
    },
  };
}
