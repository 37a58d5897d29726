import { setTimeout as delay } from "node:timers/promises";
import { isJsonObject, jsonOrNull } from "../json-object.ts";
import { ask } from "./ask.ts";
import type { Upstream } from "./upstream.ts";

/** Between two looks at one upstream. llama-server keeps a request that was left alive if asked more often. */
const everyMs = 1_000;

/** A server that shows the same tasks for so long is believed no longer. */
const longestMs = 3_600_000;

/** The task in each busy slot, by the slot's id. A server that names no task has null. */
type Tasks = ReadonlyMap<unknown, unknown>;

type Look = { at: number; tasks: Promise<Tasks | null> };

const looks = new WeakMap<Upstream, Map<string, Look>>();

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
    await delay(everyMs, undefined, { ref: false, signal });
    const now = await busyTasks(upstream, model);
    if (now === null) return false;
    for (const [slot, task] of left) {
      if (!now.has(slot) || now.get(slot) !== task) left.delete(slot);
    }
  }
  return true;
}

/** Those who wait at the same time share a look. */
function busyTasks(upstream: Upstream, model: string | null): Promise<Tasks | null> {
  const ofModels = looks.get(upstream) ?? new Map<string, Look>();
  looks.set(upstream, ofModels);
  const name = model ?? "";
  const last = ofModels.get(name);
  const now = performance.now();
  if (last !== undefined && now - last.at < everyMs * 0.9) return last.tasks;
  const tasks = look(upstream, model).catch(() => null);
  // Old looks of other models are of no use.
  for (const [other, { at }] of ofModels) if (now - at > everyMs) ofModels.delete(other);
  ofModels.set(name, { at: now, tasks });
  return tasks;
}

async function look(upstream: Upstream, model: string | null): Promise<Tasks | null> {
  const query = model === null ? "" : `?model=${encodeURIComponent(model)}`;
  const { bytes } = await ask(upstream, `/slots${query}`, 5_000);
  const slots = jsonOrNull(bytes.toString());
  if (!Array.isArray(slots)) return null;
  const busy = slots.filter(isJsonObject).filter((slot) => slot.is_processing === true);
  return new Map(busy.map((slot, index) => [slot.id ?? index, slot.id_task ?? null]));
}
