import type { Notice } from "./notice.ts";

/** Tells how things change, and no more often than is good for people. */
export type StateNotices = {
  /** `thing` is well or not, as the notice says. Until it is first told bad, it was well. */
  note(thing: string, notice: Notice): void;
  close(): void;
};

/** `quiet` is the time in which nothing more is told of it; null: it is over. */
type Thing = { isGood: boolean; latest: Notice; quiet: NodeJS.Timeout | null };

/** A thing is told at most once in this time. Milliseconds. */
const usualQuietMs = 60_000;

/**
 * The first change of a thing is told at once. What comes in the minute after it is not told, but
 * where it has come to by then: a server that restarts every ten seconds is one notice a minute. The
 * things are the gateway's own, so they are few.
 */
export function createStateNotices(
  tell: (notice: Notice) => void,
  quietMs: number = usualQuietMs,
): StateNotices {
  const things = new Map<string, Thing>();

  function told(thing: Thing): void {
    thing.isGood = thing.latest.isGood;
    thing.quiet = setTimeout(() => {
      thing.quiet = null;
      if (thing.latest.isGood !== thing.isGood) told(thing);
    }, quietMs).unref();
    tell(thing.latest);
  }

  return {
    note(name, notice) {
      const thing = things.get(name) ?? { isGood: true, latest: notice, quiet: null };
      things.set(name, thing);
      thing.latest = notice;
      if (thing.quiet === null && notice.isGood !== thing.isGood) told(thing);
    },
    close() {
      for (const { quiet } of things.values()) clearTimeout(quiet ?? undefined);
      things.clear();
    },
  };
}
