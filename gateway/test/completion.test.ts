import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

/** What the shell offers after `./gateway.sh GROUP`. */
function offered(group: string): string[] {
  const script = `source <(./gateway.sh completion); _llm_gateway_words ${group}`;
  return execFileSync("bash", ["-c", script], { cwd: root, encoding: "utf8" }).trim().split(" ");
}

/** The commands that the help of a group lists. */
function listed(group: string): string[] {
  const program = join(root, "gateway/main.ts");
  const help = execFileSync(process.execPath, [program, group, "--help"], { encoding: "utf8" });
  return [...help.matchAll(new RegExp(`^ {2}${group} ([a-z-]+)`, "gm"))].map((it) => it[1] ?? "");
}

it.each(["users", "queue", "ledger", "config", "migrate"])(
  "the completion of gateway.sh offers each command that %s --help lists",
  (group) => {
    const commands = listed(group);
    expect(commands.length).toBeGreaterThan(1);
    expect(offered(group).toSorted()).toEqual(commands.toSorted());
  },
);
