export type AffinityOptions = {
  /** Conversations remembered; the longest unused goes first. */
  most?: number;
  /** How long after its last turn a conversation's cache may still be warm. Milliseconds. */
  keepMs?: number;
  /** Milliseconds, monotonic. */
  now?: () => number;
};

/** Which upstream served a conversation last, since its prompt is in that one's cache. */
export type Affinity = {
  /** Null keys are no conversation, and are passed over by both. */
  remember(key: string | null, upstream: string): void;
  preferred(key: string | null): string | null;
};

export function createAffinity(options: AffinityOptions = {}): Affinity {
  const { most = 10_000, keepMs = 3_600_000, now = () => performance.now() } = options;
  // A Map keeps the order of insertion: the first is the longest unused.
  const known = new Map<string, { upstream: string; until: number }>();
  return {
    remember(key, upstream) {
      if (key === null) return;
      known.delete(key);
      known.set(key, { upstream, until: now() + keepMs });
      if (known.size <= most) return;
      for (const oldest of known.keys()) {
        known.delete(oldest);
        break;
      }
    },
    preferred(key) {
      const found = key === null ? undefined : known.get(key);
      return found === undefined || found.until <= now() ? null : found.upstream;
    },
  };
}
