import { isJsonObject, jsonOrNull } from "../json-object.ts";
import { ask } from "./ask.ts";
import { statusIn } from "./failure.ts";
import type { Upstream } from "./upstream.ts";

/** Between two looks at one upstream. llama-server keeps a request that was left alive if asked more often. */
export const lookEveryMs = 1_000;

/** Timers are not exact: the look before is used again only if it is clearly younger. */
const youngMs = lookEveryMs * 0.9;

/** What the slots of a llama-server do. */
export type SlotWork = {
  readonly slots: number;
  /** The task in each busy slot, by the slot's id. A server that names no task has null. */
  readonly tasks: ReadonlyMap<unknown, unknown>;
};

type Look = { at: number; work: Promise<SlotWork | null> };

type Looks = {
  /** It has answered without the name of a model: it is no router, and its slots serve all models. */
  hasOneModel: boolean;
  readonly ofModels: Map<string, Look>;
};

const looksAt = new WeakMap<Upstream, Looks>();

/**
 * The work of a llama-server's slots (`GET /slots`). All who ask within a second share a look.
 * Rejects with a GatewayError if the server does not show its slots (`--no-slots`).
 * @param model as the upstream names it: a router has slots for each model. Null asks a server
 * with one model; a router answers that with status 400
 * @returns null if the answer is no list of slots: this is another kind of server
 */
export function slotWork(upstream: Upstream, model: string | null): Promise<SlotWork | null> {
  const looks = looksAt.get(upstream) ?? { hasOneModel: false, ofModels: new Map() };
  looksAt.set(upstream, looks);
  const { ofModels } = looks;
  const name = model === null || looks.hasOneModel ? "" : model;
  const last = ofModels.get(name);
  const now = performance.now();
  if (last !== undefined && now - last.at < youngMs) return last.work;
  // Old looks of other models are of no use.
  for (const [other, { at }] of ofModels) if (now - at > lookEveryMs) ofModels.delete(other);
  const work = look(upstream, name, looks);
  ofModels.set(name, { at: now, work });
  return work;
}

async function look(upstream: Upstream, name: string, looks: Looks): Promise<SlotWork | null> {
  // A router would load a model that is asked for, and unload another one.
  const query = name === "" ? "" : `?model=${encodeURIComponent(name)}&autoload=false`;
  try {
    const { bytes } = await ask(upstream, `/slots${query}`, 5_000);
    const work = workIn(bytes);
    if (name === "") looks.hasOneModel = work !== null;
    return work;
  } catch (error) {
    if (name === "" && statusIn(error) === 400) looks.hasOneModel = false;
    throw error;
  }
}

function workIn(bytes: Buffer): SlotWork | null {
  const slots = jsonOrNull(bytes.toString());
  if (!Array.isArray(slots)) return null;
  const busy = slots.filter(isJsonObject).filter((slot) => slot.is_processing === true);
  const tasks = new Map(busy.map((slot, index) => [slot.id ?? index, slot.id_task ?? null]));
  return { slots: slots.length, tasks };
}
