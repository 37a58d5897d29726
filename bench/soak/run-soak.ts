import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Children } from "../children.ts";
import { type Check, compareAccounts, compareSamples } from "./checks.ts";
import { runClient, type Seen } from "./clients.ts";
import { createRandom } from "./random.ts";
import { type Sample, takeSample } from "./samples.ts";
import { startSoakGateway } from "./start.ts";
import { startUpstreams } from "./upstreams.ts";

export type SoakOptions = {
  readonly minutes: number;
  readonly seed: number;
  readonly clients: number;
  /** Seconds between two samples. */
  readonly everySeconds: number;
};

export type SoakResult = {
  readonly samples: readonly Sample[];
  readonly endings: readonly (readonly [string, number])[];
  readonly checks: readonly Check[];
};

/** The gateway's time-outs and a client's longest way of leaving are over after this time. */
const restMs = 12_000;

/** Sends mixed traffic with every ending for some minutes, and compares all accounts afterwards. */
export async function runSoak(
  children: Children,
  folder: string,
  options: SoakOptions,
  say: (sample: Sample) => void,
): Promise<SoakResult> {
  const { minutes, seed, clients, everySeconds } = options;
  const upstreams = await startUpstreams(createRandom(seed));
  try {
    const gateway = await startSoakGateway(children, folder, upstreams);
    const seen: Seen = { endings: new Map(), whole: [], refused: [] };
    const begun = performance.now();
    const until = begun + minutes * 60_000;
    const traffic = Promise.all(
      Array.from({ length: clients }, (_, at) =>
        runClient(gateway, createRandom(seed * 1_000 + at + 1), seen, until),
      ),
    );
    const samples: Sample[] = [];
    while (performance.now() < until) {
      await sleep(Math.min(everySeconds * 1_000, Math.max(1, until - performance.now())));
      const sample = await takeSample(gateway, Math.round((performance.now() - begun) / 1_000));
      samples.push(sample);
      say(sample);
    }
    await traffic;
    await sleep(restMs);
    const accounts = await compareAccounts(gateway, seen);
    const status = await gateway.stop();
    const faults = readFileSync(gateway.log, "utf8").match(/"level":"(error|fatal)"/g) ?? [];
    const checks: Check[] = [
      ...accounts,
      ...compareSamples(samples),
      { what: "errors in the log", found: String(faults.length), isRight: faults.length === 0 },
      { what: "exit status", found: String(status), isRight: status === 0 },
    ];
    return { samples, endings: [...seen.endings].sort(), checks };
  } finally {
    await upstreams.close();
  }
}
