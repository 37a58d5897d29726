import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** The processes the bench has started, so that none outlives it. */
export type Children = {
  /** Runs a file of this folder as a process of its own. */
  fork(file: URL): ChildProcess;
  /** Runs a program; its output goes to the file descriptor. */
  spawn(command: string, args: string[], options: SpawnOptions): ChildProcess;
  /** Ends one, by its id: asked first, forced after 5 s. */
  end(child: ChildProcess): Promise<void>;
  endAll(): Promise<void>;
};

type SpawnOptions = { cwd: string; env: Record<string, string>; output: number };

const graceMs = 5000;

export function createChildren(): Children {
  const running = new Set<ChildProcess>();
  let ending = false;

  /** What is still under way when all are ended must not start another behind our back. */
  function refuseWhileEnding(): void {
    if (ending) throw new Error("the bench is ending");
  }

  function keep(child: ChildProcess): ChildProcess {
    running.add(child);
    child.once("exit", () => running.delete(child));
    // Without a listener, a program that is not there would throw from the event loop.
    child.once("error", () => running.delete(child));
    return child;
  }

  async function end(child: ChildProcess): Promise<void> {
    if (!running.has(child)) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), graceMs);
    await gone;
    clearTimeout(force);
  }

  return {
    fork(file) {
      refuseWhileEnding();
      return keep(fork(fileURLToPath(file), { execArgv: [] }));
    },
    spawn(command, args, { cwd, env, output }) {
      refuseWhileEnding();
      return keep(spawn(command, args, { cwd, env, stdio: ["ignore", output, output] }));
    },
    end,
    endAll: async () => {
      ending = true;
      await Promise.all([...running].map(end));
    },
  };
}

/** The next message of a forked child. Rejects when it ends or is silent for `timeoutMs`. */
export function messageOf(child: ChildProcess, timeoutMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const silent = setTimeout(() => reject(new Error("a child said nothing in time")), timeoutMs);
    child.once("message", (message) => {
      clearTimeout(silent);
      resolve(message);
    });
    child.once("exit", (code) => {
      clearTimeout(silent);
      reject(new Error(`a child ended early, with ${code}`));
    });
  });
}
