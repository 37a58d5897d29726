import { setTimeout as sleep } from "node:timers/promises";
import { type Children, messageOf } from "./children.ts";
import type { Contestant } from "./contestant.ts";
import type { LoadOrder, LoadResult } from "./load-order.ts";
import { residentMb } from "./process-cost.ts";

/** One line of the table; null is shown as a dash. */
export type Row = {
  name: string;
  jsonCpuUs: number | null;
  requestsPerSecond: number;
  chunkCpuUs: number | null;
  chunksPerSecond: number;
  addedUs: number | null;
  startMs: number | null;
  restMb: number | null;
  errors: number;
  firstError: string | null;
  json: LoadResult;
  sse: LoadResult;
};

export type MeasureOptions = {
  seconds: number;
  mockPort: number;
  /** True for the mock itself, to which nothing is added. */
  direct: boolean;
};

/** How long a process is left alone before its memory is read. */
const idleMs = 2000;

/** Measures one contestant: memory at rest, then JSON, streams, and one at a time. */
export async function measure(
  children: Children,
  who: Contestant,
  options: MeasureOptions,
): Promise<Row> {
  await sleep(who.startMs === null ? 0 : idleMs);
  const restMb = who.startMs === null || who.pid === null ? null : residentMb(who.pid);
  const order: Omit<LoadOrder, "mode"> = {
    port: who.port,
    base: who.base ?? "",
    key: who.key,
    connections: 32,
    tokens: 64,
    warm: 6,
    seconds: options.seconds,
    pid: who.pid,
    directPort: options.mockPort,
  };
  const json = await load(children, { ...order, mode: "json" });
  const sse = await load(children, { ...order, mode: "sse" });
  const added = options.direct ? null : await load(children, { ...order, mode: "added" });
  return {
    name: who.name,
    jsonCpuUs: cpuPer(json, json.exchanges),
    requestsPerSecond: json.exchanges / json.seconds,
    chunkCpuUs: cpuPer(sse, sse.chunks),
    chunksPerSecond: sse.chunks / sse.seconds,
    addedUs: added?.addedUs ?? null,
    startMs: who.startMs,
    restMb,
    errors: json.errors + sse.errors + (added?.errors ?? 0),
    firstError: json.firstError ?? sse.firstError ?? added?.firstError ?? null,
    json,
    sse,
  };
}

function cpuPer(result: LoadResult, count: number): number | null {
  return result.cpuSeconds === null || count === 0 ? null : (result.cpuSeconds * 1e6) / count;
}

async function load(children: Children, order: LoadOrder): Promise<LoadResult> {
  const child = children.fork(new URL("./load.ts", import.meta.url));
  const answer = messageOf(child, (order.warm + order.seconds) * 1000 + 20_000);
  child.send(order);
  const result = (await answer) as LoadResult;
  await children.end(child);
  return result;
}
