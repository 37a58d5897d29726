import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { freePort } from "../../cluster/free-port.ts";

export type LlamaServer = {
  url: string;
  /** What it has told of itself so far, and the models' processes of its router mode with it. */
  log(): string;
  stop(): void;
};

/** Some copies lose their symbolic links, which become small files that hold the target's name. */
function mendLinks(folder: string): void {
  if (!existsSync(folder)) return;
  chmodSync(folder, 0o755);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!lstatSync(path).isFile() || statSync(path).size > 64) continue;
    const target = readFileSync(path, "utf8").trim();
    if (!existsSync(join(folder, target))) continue;
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
  const port = await freePort(0, "127.0.0.1");
  const environment = { ...process.env, ...env, TMPDIR: dir };
  try {
    execFileSync("bash", [join(dir, "llama", basename(script)), String(port), ...flags], {
      env: environment,
      stdio: "pipe",
    });
  } catch (error) {
    rmSync(dir, { recursive: true, force: true });
    throw error;
  }
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

/** Starts a script once and stops it again. Returns why it cannot be used, in one line, or null. */
export async function whyUnusable(script: string): Promise<string | null> {
  try {
    const server = await startLlamaServer(script);
    server.stop();
    return null;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: Buffer; stderr?: Buffer };
    const said = [stdout, stderr]
      .map((text) => text?.toString().trim() ?? "")
      .join("\n")
      .trim();
    return `${script} fails: ${said.split("\n").at(-1) || String(error)}`;
  }
}

const script = [
  process.env.LLAMA_SERVER,
  join(import.meta.dirname, "../../../../shared/llama-server/start.sh"),
].find((path) => path !== undefined && existsSync(path));

const fault =
  script === undefined ? "set LLAMA_SERVER to its start script" : await whyUnusable(script);

/** Why the tests with a real llama-server do not run, in one line. */
export const whyNoLlama: string = `no llama-server here: ${fault}`;

/** The start script of a real llama-server, as in CONTRIBUTING.md; null if there is none that works. */
export const llamaScript: string | null = fault === null ? (script ?? null) : null;
