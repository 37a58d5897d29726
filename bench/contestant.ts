import type { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { loopback } from "./loopback.ts";

/** What is measured: where it listens, and whose CPU it takes. */
export type Contestant = {
  name: string;
  port: number;
  /** What its paths begin with; nothing where it is left out. */
  base?: string;
  key: string;
  pid: number | null;
  /** From the start of its process to the first 200 of /health. Milliseconds. */
  startMs: number | null;
};

/** Waits for the first 200 at `path`, asking every 2 ms; throws with the end of its log. */
export async function ready(
  child: ChildProcess,
  port: number,
  path: string,
  log: string,
): Promise<void> {
  const until = performance.now() + 30_000;
  while (performance.now() < until) {
    if ((await statusOf(port, path)) === 200) return;
    if (child.exitCode !== null || child.pid === undefined) break;
    await sleep(2);
  }
  const lines = readFileSync(log, "utf8").trim().split("\n").slice(-5).join("\n");
  throw new Error(`did not start:\n${lines}`);
}

function statusOf(port: number, path: string): Promise<number | null> {
  return new Promise((resolve) => {
    const asking = request({ host: loopback, port, path, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    asking.on("error", () => resolve(null));
    asking.end();
  });
}
