import { setTimeout as sleep } from "node:timers/promises";
import { type LoadOrder, type LoadResult, requestBytes, spreadOf } from "./load-order.ts";
import { cpuSeconds } from "./process-cost.ts";
import { createStreamCheck } from "./stream-check.ts";
import { openWire, type Wire } from "./wire.ts";

/**
 * The load, a process of its own: carries out the order it is sent, sends back what it saw, and
 * ends with its parent. Only what happens inside the window counts, and CPU is read at its two
 * ends.
 */

type Seen = {
  exchanges: number;
  chunks: number;
  errors: number;
  firstError: string | null;
  latency: number[];
  firstChunk: number[];
  transit: number[];
};

function nothingSeen(): Seen {
  const lists = { latency: [], firstChunk: [], transit: [] };
  return { exchanges: 0, chunks: 0, errors: 0, firstError: null, ...lists };
}

function noteError(seen: Seen, fault: string): void {
  seen.errors++;
  seen.firstError ??= fault;
}

/** One exchange, judged. Errors count whether inside the window or not. */
async function exchangeOnce(
  wire: Wire,
  request: Buffer,
  order: LoadOrder,
  window: { open: boolean; seen: Seen },
): Promise<void> {
  const { seen } = window;
  const begun = performance.now();
  let firstAt = 0;
  let told = "";
  const check =
    order.mode === "sse"
      ? createStreamCheck(order.tokens, (us) => window.open && seen.transit.push(us))
      : null;
  const { status } = await wire.exchange(request, (bytes) => {
    if (check === null) {
      if (told.length < 300) told += bytes.toString("latin1", 0, 300);
      return;
    }
    const found = check.take(bytes);
    if (found > 0 && firstAt === 0) firstAt = performance.now();
    if (window.open) seen.chunks += found;
  });
  const fault = status === 200 ? (check?.fault() ?? null) : `status ${status} ${told}`;
  if (fault !== null) {
    noteError(seen, fault);
    await sleep(10);
  } else if (window.open) {
    seen.exchanges++;
    seen.latency.push((performance.now() - begun) * 1e3);
    if (firstAt > 0) seen.firstChunk.push((firstAt - begun) * 1e3);
  }
}

/** How long the last ones are waited for. */
const lastAnswersMs = 2_000;

/** Many at once, as fast as they are answered. */
async function press(order: LoadOrder): Promise<LoadResult> {
  const window = { open: false, over: false, seen: nothingSeen() };
  const { seen } = window;
  const request = requestBytes(order);
  const wires = Array.from({ length: order.connections }, () => openWire(order.port));
  const clients = wires.map(async (wire) => {
    while (!window.over) {
      await exchangeOnce(wire, request, order, window).catch(async (error: unknown) => {
        noteError(seen, String(error));
        await sleep(10);
      });
    }
  });
  const cpu = (): number => (order.pid === null ? 0 : cpuSeconds(order.pid));
  await sleep(order.warm * 1e3);
  const cpuBefore = cpu();
  const opened = performance.now();
  window.open = true;
  await sleep(order.seconds * 1e3);
  window.open = false;
  const seconds = (performance.now() - opened) / 1e3;
  const used = cpu() - cpuBefore;
  window.over = true;
  // Whoever is answered to the end leaves no failure behind, for which some would be refused next.
  await Promise.race([Promise.all(clients), sleep(lastAnswersMs)]);
  for (const wire of wires) wire.close();
  return resultOf(seen, seconds, order.pid === null ? null : used, null);
}

/** One at a time, in turn through and direct, so that both see the same machine. */
async function compare(order: LoadOrder): Promise<LoadResult> {
  const way = (port: number, base: string) => {
    return { wire: openWire(port), seen: nothingSeen(), request: requestBytes(order, base) };
  };
  const through = way(order.port, order.base);
  const direct = way(order.directPort, "");
  const begun = performance.now();
  const opens = begun + order.warm * 1e3;
  const ends = opens + order.seconds * 1e3;
  for (let now = begun; now < ends; now = performance.now()) {
    for (const { wire, seen, request } of [through, direct]) {
      await exchangeOnce(wire, request, order, { open: now >= opens, seen }).catch(
        (error: unknown) => noteError(seen, String(error)),
      );
    }
  }
  through.wire.close();
  direct.wire.close();
  const added = spreadOf(through.seen.latency).median - spreadOf(direct.seen.latency).median;
  return resultOf(through.seen, order.seconds, null, added);
}

function resultOf(
  seen: Seen,
  seconds: number,
  cpu: number | null,
  addedUs: number | null,
): LoadResult {
  return {
    exchanges: seen.exchanges,
    chunks: seen.chunks,
    errors: seen.errors,
    firstError: seen.firstError,
    seconds,
    cpuSeconds: cpu,
    addedUs,
    latency: spreadOf(seen.latency),
    firstChunk: spreadOf(seen.firstChunk),
    transit: spreadOf(seen.transit),
  };
}

process.once("message", (order: LoadOrder) => {
  void (order.mode === "added" ? compare(order) : press(order)).then((result) => {
    process.send?.(result, () => process.exit());
  });
});
process.once("disconnect", () => process.exit());
