import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Agent, AgentPlace } from "./agents.ts";

/** How a run of an agent ended: its exit code (null: it took too long), and all that it printed. */
export type AgentRun = { readonly code: number | null; readonly printed: string };

/** Milliseconds; agents are slow to start on two cores. */
const longest = 90_000;

/** Starts an agent in `folder` with an environment of its own, and waits for its end. */
export async function runAgent(
  agent: Agent,
  place: AgentPlace,
  folder: string,
  prompt: string,
): Promise<AgentRun> {
  const { command, env } = agent.prepare(place, prompt);
  const [program = "", ...args] = command;
  const child = spawn(program === "node" ? process.execPath : program, args, {
    cwd: folder,
    // Nothing of the one who runs the tests: no keys, no proxies, no configuration.
    env: {
      HOME: place.home,
      TMPDIR: place.home,
      PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      NO_COLOR: "1",
      CI: "1",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (piece: Buffer) => {
      printed = (printed + piece.toString()).slice(-20_000);
    });
  }
  // What it has started ends with it.
  const end = (): void => void (child.pid !== undefined && process.kill(-child.pid, "SIGKILL"));
  const timer = setTimeout(end, longest);
  const failed = new Promise<[null]>((resolve) => child.once("error", () => resolve([null])));
  const [code] = await Promise.race([once(child, "exit"), failed]);
  clearTimeout(timer);
  try {
    end();
  } catch {
    // Nothing of it is left.
  }
  endDaemons(place.home);
  return { code: typeof code === "number" ? code : null, printed };
}

/** Cline leaves a daemon in a group of its own. It has the agent's home, as nothing else has. */
function endDaemons(home: string): void {
  if (!existsSync("/proc/self/environ")) return;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const variables = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
      if (variables.includes(`HOME=${home}`)) process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended, or is another user's.
    }
  }
}
