import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The start script of a real llama-server, as in CONTRIBUTING.md; null where there is none. */
export const llamaScript: string | null =
  [
    process.env.LLAMA_SERVER,
    join(import.meta.dirname, "../../../../shared/llama-server/start.sh"),
  ].find((path) => path !== undefined && existsSync(path)) ?? null;

export const whyNoLlama = "no llama-server here: set LLAMA_SERVER to its start script";

export type LlamaServer = {
  url: string;
  /** What it has told of itself so far, and the models' processes of its router mode with it. */
  log(): string;
  stop(): void;
};

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Some copies lose their symbolic links, which become small files that hold the target's name. */
function mendLinks(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!statSync(path).isFile() || statSync(path).size > 64) continue;
    const target = readFileSync(path, "utf8").trim();
    rmSync(path);
    symlinkSync(target, path);
  }
}

/** Starts a real llama-server with a tiny model on a free port of this machine. */
export async function startLlamaServer(
  script: string,
  env: Record<string, string> = {},
  flags: string[] = [],
): Promise<LlamaServer> {
  const dir = mkdtempSync(join(tmpdir(), "llama-server-test-"));
  cpSync(dirname(script), join(dir, "llama"), { recursive: true, verbatimSymlinks: true });
  mendLinks(join(dir, "llama/bin"));
  const port = await freePort();
  const environment = { ...process.env, ...env, TMPDIR: dir };
  execFileSync("bash", [join(dir, "llama/start.sh"), String(port), ...flags], {
    env: environment,
    stdio: "pipe",
  });
  const pid = Number(readFileSync(join(dir, `llama-server-${port}.pid`), "utf8"));
  return {
    url: `http://127.0.0.1:${port}`,
    log: () => readFileSync(join(dir, `llama-server-${port}.log`), "utf8"),
    stop() {
      process.kill(pid, "SIGKILL");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
