import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./harness.ts";

const program = join(import.meta.dirname, "../../main.ts");

/** The gateway as people start it: a process of its own, in a directory of its own. */
export type Spawned = {
  url: string;
  dir: string;
  child: ChildProcess;
  /** The first key, as its file has it. */
  key(): string;
  stdout(): string;
  stderr(): string;
  /** Resolves with the exit code, or the signal's name. */
  ended: Promise<number | string | null>;
};

/** A directory for one or more runs, and what removes it. */
export const newDirectory = (): string => mkdtempSync(join(tmpdir(), "llm-gateway-process-"));
export const remove = (dir: string): void => rmSync(dir, { recursive: true, force: true });

/**
 * Starts `node gateway/main.ts` in `dir` on any free port of 127.0.0.1; `ready` waits until it
 * serves. `prefix` is a command that starts it.
 */
export async function spawnGateway(
  dir: string,
  env: Record<string, string> = {},
  { ready = true, prefix = [] }: { ready?: boolean; prefix?: readonly string[] } = {},
): Promise<Spawned> {
  const [command = "", ...argv] = [...prefix, process.execPath, program];
  const child = spawn(command, argv, {
    cwd: dir,
    env: {
      ...{ PATH: process.env.PATH ?? "", HOST: "127.0.0.1", PORT: "0" },
      ...{ WORKERS: process.env.TEST_WORKERS ?? "1", ...env },
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const ended = new Promise<number | string | null>((resolve) => {
    child.once("close", (code, signal) => resolve(code ?? signal));
  });
  const urlIn = (): string => /(http:\/\/[\d.]+:\d+)\/v1/.exec(err)?.[1] ?? "";
  if (ready) await until(() => urlIn() !== "", `it starts: ${err}`, 20_000);
  return {
    url: urlIn(),
    dir,
    child,
    key: () => readFileSync(join(dir, "data/first-key"), "utf8").trim(),
    stdout: () => out,
    stderr: () => err,
    ended,
  };
}
