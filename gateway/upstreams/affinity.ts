import { BoundedMap } from "../bounded-map.ts";

export type AffinityOptions = {
  /** How many conversations are remembered. The longest unused is forgotten first. */
  most?: number;
  /** How long after its last turn a conversation's cache may still be warm. Milliseconds. */
  keepMs?: number;
  /** Milliseconds, monotonic. */
  now?: () => number;
};

/** Remembers which upstream served a conversation last, because its cache has the prompt. */
export type Affinity = {
  /** A null key is no conversation, and is ignored. */
  remember(key: string | null, upstream: string): void;
  preferred(key: string | null): string | null;
};

export function createAffinity(options: AffinityOptions = {}): Affinity {
  const { most = 10_000, keepMs = 3_600_000, now = () => performance.now() } = options;
  const known = new BoundedMap<{ upstream: string; until: number }>(most);
  return {
    remember(key, upstream) {
      if (key !== null) known.set(key, { upstream, until: now() + keepMs });
    },
    preferred(key) {
      const found = key === null ? undefined : known.get(key);
      return found === undefined || found.until <= now() ? null : found.upstream;
    },
  };
}
