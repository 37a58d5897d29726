import type { ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Children } from "./children.ts";
import { type Contestant, ready } from "./contestant.ts";
import { freePort } from "./loopback.ts";

const program = fileURLToPath(new URL("./bare-proxy.ts", import.meta.url));

/** Starts the gateway's parts without the gateway; with `accounts` they keep some of its promises. */
export async function startBare(
  children: Children,
  folder: string,
  upstreamPort: number,
  accounts: boolean,
): Promise<{ contestant: Contestant; child: ChildProcess }> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "users.json"), JSON.stringify({ "made-up-key": "bench" }));
  const port = await freePort();
  const log = join(folder, "bare.log");
  const output = openSync(log, "w");
  const args = [program, String(port), String(upstreamPort), ...(accounts ? [folder] : [])];
  const child = children.spawn(process.execPath, args, { cwd: folder, env: {}, output });
  closeSync(output);
  await ready(child, port, "/health", log);
  const name = accounts ? "… users.json read, a row committed" : "Express + undici, nothing else";
  return { child, contestant: { name, port, key: "none", pid: child.pid ?? null, startMs: null } };
}
