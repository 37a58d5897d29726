import { ask } from "./ask.ts";
import type { Upstream } from "./upstream.ts";

/** Between two questions, in milliseconds: soon until there is an answer, then now and then. */
const every = { unknown: 2_000, known: 60_000 };

/**
 * Asks llama-server how many slots it has (`GET /props`, `total_slots`) and tells changes, for
 * MAX_CONCURRENT=auto. A server that does not say so leaves what was.
 */
export function followSlotCount(
  upstream: Upstream,
  tell: (slots: number) => void,
): { stop(): void } {
  let known: number | null = null;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function ask(): Promise<void> {
    const found = await readSlotCount(upstream).catch(() => null);
    if (stopped) return;
    if (found !== null && found !== known) tell(found);
    known = found ?? known;
    timer = setTimeout(() => void ask(), known === null ? every.unknown : every.known).unref();
  }

  void ask();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

async function readSlotCount(upstream: Upstream): Promise<number | null> {
  const { bytes } = await ask(upstream, "/props", 5_000);
  const { total_slots: slots } = JSON.parse(bytes.toString()) as { total_slots?: unknown };
  return typeof slots === "number" && Number.isInteger(slots) && slots > 0 ? slots : null;
}
