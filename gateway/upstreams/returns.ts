import type { Upstream } from "./upstream.ts";

/** Which upstreams could not be reached when they were last sent something. */
export type Returns = {
  lost(name: string): void;
  /** It answered. If it was away it may be another version now, with other dialects and slots. */
  answered(name: string): void;
  /** Calls back when an upstream answers again that was away; one listener. */
  whenBack(listener: (upstream: string) => void): void;
};

export function createReturns(byName: ReadonlyMap<string, Upstream>): Returns {
  const away = new Set<string>();
  let onBack = (_upstream: string): void => {};
  return {
    lost: (name) => void away.add(name),
    answered(name) {
      if (!away.delete(name)) return;
      const upstream = byName.get(name);
      upstream?.lacks.clear();
      upstream?.spoke.clear();
      if (upstream !== undefined) upstream.takesStreamOptions = null;
      onBack(name);
    },
    whenBack(listener) {
      onBack = listener;
    },
  };
}
