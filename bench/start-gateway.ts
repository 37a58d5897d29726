import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Children } from "./children.ts";
import { type Contestant, ready } from "./contestant.ts";
import { freePort, loopback } from "./loopback.ts";

const program = fileURLToPath(new URL("../gateway/main.ts", import.meta.url));
/** As `npm start` has it. */
const compileCache = fileURLToPath(new URL("../node_modules/.cache/llm-gateway", import.meta.url));

/**
 * Starts llm-gateway as its users do, with everything on: keys, line, ledger on disk, metrics,
 * logs, and so many workers. `folder` gets its data; being its working directory, it also keeps a developer's .env out.
 */
export async function startGateway(
  children: Children,
  folder: string,
  upstreamPort: number,
  workers: number = 1,
): Promise<{ contestant: Contestant; child: ChildProcess }> {
  mkdirSync(folder, { recursive: true });
  const key = `sk-${randomBytes(16).toString("hex")}`;
  const users = join(folder, "users.json");
  writeFileSync(users, JSON.stringify({ [key]: "bench" }), { mode: 0o600 });
  const port = await freePort();
  const log = join(folder, "gateway.log");
  const output = openSync(log, "w");
  const begun = performance.now();
  const child = children.spawn(process.execPath, [program], {
    cwd: folder,
    output,
    env: {
      PATH: process.env.PATH ?? "",
      NODE_COMPILE_CACHE: compileCache,
      HOST: loopback,
      PORT: String(port),
      UPSTREAM_URL: `http://${loopback}:${upstreamPort}`,
      USERS_FILE: users,
      DATABASE_FILE: join(folder, "gateway.db"),
      // The mock has llama.cpp's timings, and JSON of llama.cpp runs as a stream upstream: that is
      // other work than what the peers do.
      UPSTREAM_TYPE: "openai",
      MAX_CONCURRENT: "64",
      WORKERS: String(workers),
      METRICS_PORT: String(await freePort()),
      LOG_LEVEL: "info",
    },
  });
  closeSync(output);
  await ready(child, port, "/health", log);
  const startMs = performance.now() - begun;
  const name = workers === 1 ? "llm-gateway" : `llm-gateway, WORKERS=${workers}`;
  return { child, contestant: { name, port, key, pid: child.pid ?? null, startMs } };
}
