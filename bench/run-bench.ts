import { join } from "node:path";
import { type Children, messageOf } from "./children.ts";
import type { Contestant } from "./contestant.ts";
import { measure, type Row } from "./measure.ts";
import type { BenchOptions } from "./options.ts";
import { startBare } from "./start-bare.ts";
import { startGateway } from "./start-gateway.ts";
import { startNginx } from "./start-nginx.ts";

/** How often the gateway is started to find how long that takes. */
const starts = 3;

/**
 * Measures everything in turn, one contestant running at a time. `folder` holds what they write;
 * `say` gets a line of progress. Whoever does not start is told of and left out.
 */
export async function runBench(
  children: Children,
  options: BenchOptions,
  folder: string,
  say: (line: string) => void,
): Promise<Row[]> {
  const mock = children.fork(new URL("./mock.ts", import.meta.url));
  const { port: mockPort } = (await messageOf(mock, 10_000)) as { port: number };
  const rows: Row[] = [];

  async function add(who: Contestant, direct: boolean): Promise<void> {
    say(`${who.name} …`);
    const row = await measure(children, who, { seconds: options.seconds, mockPort, direct });
    if (row.firstError !== null) say(`  ${row.errors} errors, the first: ${row.firstError}`);
    rows.push(row);
  }

  const known = { port: mockPort, key: "none", pid: null, startMs: null };
  await add({ ...known, name: "the mock, directly" }, true);
  const nginx = await startNginx(children, join(folder, "nginx"), mockPort);
  if (nginx === null) say("nginx is not installed: left out");
  else {
    await add(nginx.contestant, false);
    await children.end(nginx.child);
  }
  for (const accounts of [false, true]) {
    const bare = await startBare(children, join(folder, `bare-${accounts}`), mockPort, accounts);
    await add(bare.contestant, false);
    await children.end(bare.child);
  }
  const gateway = await startOften(children, folder, mockPort).catch((error: unknown) => {
    say(`llm-gateway ${error instanceof Error ? error.message : String(error)}`);
    return null;
  });
  if (gateway !== null) {
    await add(gateway.contestant, false);
    await children.end(gateway.child);
  }
  for (const workers of options.workers) {
    const its = join(folder, `workers-${workers}`);
    const several = await startGateway(children, its, mockPort, workers);
    await add(several.contestant, false);
    await children.end(several.child);
  }
  for (const peer of options.peers) await add(peer, false);
  return rows;
}

type Started = Awaited<ReturnType<typeof startGateway>>;

/** Starts the gateway a few times, each with data of its own; the last stays, with the median. */
async function startOften(children: Children, folder: string, mockPort: number): Promise<Started> {
  const times: number[] = [];
  for (let i = 0; ; i++) {
    const started = await startGateway(children, join(folder, `gateway-${i}`), mockPort);
    times.push(started.contestant.startMs ?? 0);
    if (i < starts - 1) {
      await children.end(started.child);
      continue;
    }
    const startMs = times.toSorted((a, b) => a - b)[Math.floor(starts / 2)] ?? null;
    return { ...started, contestant: { ...started.contestant, startMs } };
  }
}
