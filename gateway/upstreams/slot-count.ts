import { answeredObject } from "./answered-object.ts";
import { ask } from "./ask.ts";
import type { Upstream } from "./upstream.ts";

/** Between two questions, in milliseconds: soon until there is an answer, then now and then. */
const every = { unknown: 2_000, known: 60_000 };

/** Follows the slots of one upstream. */
export type SlotCounting = {
  /** It has come back, maybe with another number. */
  lookAgain(): void;
  stop(): void;
};

/**
 * Asks llama-server how many slots it has (`GET /props`, `total_slots`) and tells changes, for a
 * capacity of `auto`. A server that does not say so leaves what was, and one that is known not to
 * be llama-server is not asked.
 */
export function followSlotCount(upstream: Upstream, tell: (slots: number) => void): SlotCounting {
  let known: number | null = null;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function follow(): Promise<void> {
    const found = await readSlotCount(upstream).catch(() => null);
    if (stopped) return;
    if (found !== null && found !== known) tell(found);
    known = found ?? known;
    const soon = known === null && upstream.kind !== "openai";
    timer = setTimeout(() => void follow(), soon ? every.unknown : every.known).unref();
  }

  if (upstream.type === "auto" || upstream.type === "llamacpp") void follow();
  return {
    lookAgain() {
      if (stopped || timer === undefined) return;
      clearTimeout(timer);
      void follow();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** The same for each of several, by name. */
export function followSlotCounts(
  upstreams: readonly Upstream[],
  tell: (name: string, slots: number) => void,
): { lookAgain(name: string): void; stop(): void } {
  const following = new Map(
    upstreams.map((upstream) => {
      return [upstream.name, followSlotCount(upstream, (slots) => tell(upstream.name, slots))];
    }),
  );
  return {
    lookAgain: (name) => following.get(name)?.lookAgain(),
    stop() {
      for (const each of following.values()) each.stop();
    },
  };
}

async function readSlotCount(upstream: Upstream): Promise<number | null> {
  const { bytes } = await ask(upstream, "/props", 5_000);
  const { total_slots: slots } = answeredObject(bytes);
  return typeof slots === "number" && Number.isInteger(slots) && slots > 0 ? slots : null;
}
