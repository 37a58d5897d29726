import type { CatalogEntry, ModelStatus } from "./model-entries.ts";

/** What an upstream loaded since the gateway started. */
export type UpstreamLoads = {
  readonly count: number;
  /** The latest, newest first, 20 at most. `at`: milliseconds since 1970. */
  readonly last: readonly { readonly model: string; readonly at: number }[];
};

/** When and how often each upstream loaded a model. */
export type ModelLoads = {
  /** Null: nothing tells of this upstream. */
  of(upstream: string): UpstreamLoads | null;
  /** An upstream that holds one model at a time starts another one. */
  swapped(upstream: string, model: string): void;
  /** The list of an upstream, as it is now. */
  listed(upstream: string, entries: readonly CatalogEntry[]): void;
};

const most = 20;

type Known = {
  count: number;
  last: { model: string; at: number }[];
  /** Of the list before; null: its list does not tell what is in memory. */
  statuses: ReadonlyMap<string, ModelStatus> | null;
};

/**
 * Counts loads. A list with statuses (llama-server's) shows each model that has come into memory
 * since the list before; the list is asked for only while somebody looks, so a load that was undone
 * meanwhile is not seen. Of an upstream that holds one model at a time, and tells no statuses, the
 * queue knows when it starts another model; `exclusive` names these.
 */
export function createModelLoads(
  exclusive: readonly string[],
  now: () => number = Date.now,
): ModelLoads {
  const known = new Map<string, Known>(
    exclusive.map((name) => [name, { count: 0, last: [], statuses: null }]),
  );

  function note(one: Known, model: string): void {
    one.count++;
    one.last.unshift({ model, at: now() });
    one.last.length = Math.min(most, one.last.length);
  }

  return {
    of: (upstream) => known.get(upstream) ?? null,
    swapped(upstream, model) {
      const one = known.get(upstream);
      if (one !== undefined && one.statuses === null) note(one, model);
    },
    listed(upstream, entries) {
      const told = entries.flatMap(({ id, status }) =>
        status === null ? [] : [[id, status] as const],
      );
      // A server that does not say it once still has what it had.
      if (told.length === 0) return;
      const statuses = new Map(told);
      const one = known.get(upstream) ?? { count: 0, last: [], statuses: null };
      // What was in memory before the first list is no load that was seen.
      const before = one.statuses ?? statuses;
      one.statuses = statuses;
      known.set(upstream, one);
      for (const [model, status] of statuses) {
        if (status === "loaded" && before.get(model) !== "loaded") note(one, model);
      }
    },
  };
}
