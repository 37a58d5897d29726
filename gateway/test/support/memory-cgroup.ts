import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A group of processes with a limit on their memory, as a container has one. */
export type MemoryCgroup = {
  /** A command that starts another one in the group. */
  readonly prefix: readonly string[];
  /** Removes the group, whose processes have ended. */
  remove(): Promise<void>;
};

/** Where a group is made, and the file of its limit: version 2 of cgroups, and version 1. */
const places = [
  { root: "/sys/fs/cgroup", limit: "memory.max", isHere: hasMemory },
  { root: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes", isHere: () => true },
];

function hasMemory(): boolean {
  const file = "/sys/fs/cgroup/cgroup.subtree_control";
  return readFileSync(file, "utf8").split(/\s/).includes("memory");
}

/** Null, with one line that says why, where this machine lets us make none. */
export function openMemoryCgroup(bytes: number): MemoryCgroup | null {
  const reasons: string[] = [];
  for (const { root, limit, isHere } of places) {
    const folder = `${root}/llm-gateway-test-${process.pid}-${Date.now()}`;
    try {
      if (!isHere()) throw new Error(`${root} does not limit memory`);
      mkdirSync(folder);
      writeFileSync(`${folder}/${limit}`, String(bytes));
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
      continue;
    }
    const enter = `echo $$ > ${folder}/cgroup.procs && exec "$@"`;
    return {
      prefix: ["sh", "-c", enter, "sh"],
      async remove() {
        // The kernel lets go of ended processes a moment later.
        for (let tries = 0; tries < 20; tries++) {
          try {
            rmdirSync(folder);
            return;
          } catch {
            await sleep(50);
          }
        }
      },
    };
  }
  console.log(`no memory cgroup can be made here: ${reasons.join("; ")}`);
  return null;
}
