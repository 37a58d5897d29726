import { BoundedMap } from "../bounded-map.ts";
import type { Speeds } from "./speeds.ts";

export type UpstreamSpeeds = {
  settled(upstream: string, speeds: Pick<Speeds, "tokens">): void;
  /** The median tokens a second of the latest generations of an upstream; null: not known. */
  speedOf(upstream: string): number | null;
};

/** Speeds that are remembered of each upstream, and upstreams. */
const [mostSpeeds, mostUpstreams] = [20, 200];

/** Remembers how fast each upstream has generated lately. */
export function createUpstreamSpeeds(): UpstreamSpeeds {
  const latest = new BoundedMap<number[]>(mostUpstreams);
  return {
    settled(upstream, { tokens }) {
      if (tokens === null) return;
      const known = latest.get(upstream) ?? [];
      if (known.length === 0) latest.set(upstream, known);
      known.push(tokens);
      if (known.length > mostSpeeds) known.shift();
    },
    speedOf(upstream) {
      const sorted = (latest.get(upstream) ?? []).toSorted((a, b) => a - b);
      const median = sorted[sorted.length >> 1];
      return median === undefined ? null : Math.round(median * 10) / 10;
    },
  };
}
