import { ask } from "./ask.ts";
import { statusIn } from "./failure.ts";
import { readModelList } from "./read-model-list.ts";
import { lookEveryMs, type SlotWork, slotWork } from "./slot-work.ts";
import type { Upstream } from "./upstream.ts";

/** The longest time of an answer. */
const longestMs = 2_000;

/** A look is used again by those who ask within this time. Timers are not exact. */
const youngMs = lookEveryMs * 0.9;

/** A server that does not tell is asked again after this time: it may have been replaced. */
const quietMs = 60_000;

/** A page of metrics has some hundred kilobytes. */
const mostBytes = 1024 * 1024;

/** How to count the requests of a server. Gives null if this server does not tell them. */
type Way = (upstream: Upstream, capacity: number) => Promise<number | null>;

export type BusyAtOptions = {
  readonly upstreams: readonly Upstream[];
  /** The most requests that all gateways together send to an upstream. */
  readonly capacityOf: (upstream: string) => number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
};

/**
 * Counts the requests that an upstream works on now, with those that other gateways and programs
 * sent. The count comes from the server itself:
 * - llama.cpp: its busy slots, of all loaded models
 * - vLLM: the requests that run and wait in it, from its metrics
 *
 * All others do not tell. SGLang is one of them: its metrics follow tens of tokens late, and show
 * 0 meanwhile.
 * @returns by an upstream's name: the number, or null if it is not told, which is never 0. Each
 * upstream is asked at most once a second, so the number may be as old as that. The promise never
 * rejects, and takes two seconds at most
 */
export function createBusyAt(options: BusyAtOptions): (upstream: string) => Promise<number | null> {
  const { upstreams, capacityOf, now = () => performance.now() } = options;
  const byName = new Map(
    upstreams.map((upstream) => [
      upstream.name,
      shared(now, () => countBy(waysOf(upstream), upstream, capacityOf(upstream.name))),
    ]),
  );
  return (name) => byName.get(name)?.() ?? Promise.resolve(null);
}

/** One question at a time, for all who ask; and no question while a server is known not to tell. */
function shared(
  now: () => number,
  count: () => Promise<number | "untold" | null>,
): () => Promise<number | null> {
  let last: { at: number; answer: Promise<number | null> } | null = null;
  let quietUntil = Number.NEGATIVE_INFINITY;
  return () => {
    const at = now();
    if (last !== null && at - last.at < youngMs) return last.answer;
    if (at < quietUntil) return Promise.resolve(null);
    const answer = inTime(count()).then((told) => {
      if (told !== "untold") return told;
      quietUntil = now() + quietMs;
      return null;
    });
    last = { at, answer };
    return answer;
  };
}

/** What it gives within the time; null if it takes longer, or fails. */
function inTime<Told>(work: Promise<Told>): Promise<Told | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, longestMs, null).unref();
    work
      .catch(() => null)
      .then((told) => {
        clearTimeout(timer);
        resolve(told);
      });
  });
}

/** The ways that may suit a server. A provider's is never asked, unless its type is set. */
function waysOf({ type, kind, isOllama, isLocal, family }: Upstream): readonly Way[] {
  if (family !== "openai" || isOllama === true) return [];
  if (kind === "llamacpp") return [busySlots];
  if (type === "vllm") return [vllmRequests];
  if (!isLocal) return [];
  return kind === "openai" ? [vllmRequests] : [busySlots, vllmRequests];
}

/** Null: the server could not tell this time, or nothing was asked. */
async function countBy(
  ways: readonly Way[],
  upstream: Upstream,
  capacity: number,
): Promise<number | "untold" | null> {
  for (const way of ways) {
    const told = await way(upstream, capacity).catch((error: unknown) => {
      if (isRefusal(statusIn(error))) return null;
      throw error;
    });
    if (told !== null) return told;
  }
  return ways.length === 0 ? null : "untold";
}

/** It has no such path, or does not show it to us. */
const isRefusal = (status: number | null): boolean =>
  status !== null && ((status >= 400 && status < 500) || status === 501);

async function busySlots(upstream: Upstream, capacity: number): Promise<number | null> {
  try {
    return busyIn(await slotWork(upstream, null), capacity);
  } catch (error) {
    // A router wants the name of a model.
    if (statusIn(error) === 400) return busyInModels(upstream, capacity);
    throw error;
  }
}

async function busyInModels(upstream: Upstream, capacity: number): Promise<number | null> {
  const models = await readModelList(upstream, longestMs);
  if (models.some(({ status }) => status === null)) return null;
  if (models.some(({ status }) => status === "loading")) {
    throw new Error("Requests may wait for a model that loads.");
  }
  const loaded = models.filter(({ status }) => status === "loaded");
  const works = await Promise.all(loaded.map(({ id }) => slotWork(upstream, id)));
  return works.reduce<number | null>((sum, work) => {
    const busy = busyIn(work, capacity);
    return sum === null || busy === null ? null : sum + busy;
  }, 0);
}

/** llama.cpp does not show the requests that wait behind its slots: none can if there are enough. */
function busyIn(work: SlotWork | null, capacity: number): number | null {
  if (work === null) return null;
  const busy = work.tasks.size;
  if (busy === work.slots && work.slots < capacity) {
    throw new Error("Requests may wait behind the slots.");
  }
  return busy;
}

async function vllmRequests(upstream: Upstream): Promise<number | null> {
  const { bytes } = await ask(upstream, "/metrics", longestMs, longestMs, mostBytes);
  const text = bytes.toString();
  const running = sumOf(text, "vllm:num_requests_running");
  const waiting = sumOf(text, "vllm:num_requests_waiting");
  return running === null || waiting === null ? null : running + waiting;
}

/** The sum of a series over all its labels; null if it is not there, or is no number. */
function sumOf(text: string, series: string): number | null {
  const samples = text.matchAll(new RegExp(`^${series}(?:\\{.*\\})?[ \\t]+(\\S+)`, "gm"));
  const values = [...samples].map(([, value]) => Number(value));
  const isTold = values.length > 0 && values.every((value) => value >= 0 && Number.isFinite(value));
  return isTold ? values.reduce((sum, value) => sum + value, 0) : null;
}
