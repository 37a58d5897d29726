import { setTimeout as delay } from "node:timers/promises";
import { lookEveryMs, type SlotWork, slotWork } from "./slot-work.ts";
import type { Upstream } from "./upstream.ts";

/** A server that shows the same tasks for so long is believed no longer. */
const longestMs = 3_600_000;

/**
 * Waits for llama.cpp to stop what a client has left. It shows only which slots are busy, not whose
 * work they do. So each task that runs at the first look counts, until its slot is idle or has
 * another task.
 * @param model as the upstream names it: a router has slots for each model
 * @returns false if the server does not show its slots (`--no-slots`, or another path)
 */
export async function leftWorkEnded(
  upstream: Upstream,
  model: string | null,
  signal: AbortSignal,
): Promise<boolean> {
  const until = performance.now() + longestMs;
  const first = await busyTasks(upstream, model);
  if (first === null) return false;
  const left = new Map(first);
  while (left.size > 0 && performance.now() < until) {
    await delay(lookEveryMs, undefined, { ref: false, signal });
    const now = await busyTasks(upstream, model);
    if (now === null) return false;
    for (const [slot, task] of left) {
      if (!now.has(slot) || now.get(slot) !== task) left.delete(slot);
    }
  }
  return true;
}

function busyTasks(upstream: Upstream, model: string | null): Promise<SlotWork["tasks"] | null> {
  return slotWork(upstream, model).then(
    (work) => work?.tasks ?? null,
    () => null,
  );
}
