import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** What bats says of one test: `skipped` is the reason, `output` what it printed when it failed. */
export type BatsResult = { isOk: boolean; skipped: string | null; output: string };

const program = createRequire(import.meta.url).resolve("bats/bin/bats");

/** The names of the tests in a file of bats, in their order. */
export function namesIn(file: string): string[] {
  const found = readFileSync(file, "utf8").matchAll(/^@test "(.*)" \{$/gm);
  return [...found].map((match) => match[1] ?? "");
}

/** Runs a file of bats; the results are in the order of its tests. */
export async function runBats(file: string, env: NodeJS.ProcessEnv): Promise<BatsResult[]> {
  const child = spawn("bash", [program, "--tap", file], { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  await new Promise((resolve) => child.once("close", resolve));
  return readTap(output);
}

/** Reads the Test Anything Protocol: a line for each test, then lines with `#` that explain it. */
export function readTap(text: string): BatsResult[] {
  const results: BatsResult[] = [];
  for (const line of text.split("\n")) {
    const told = /^(ok|not ok) \d+ (.*)$/.exec(line);
    const last = results.at(-1);
    if (told !== null) {
      const skipped = /# skip ?(.*)$/.exec(told[2] ?? "")?.[1] ?? null;
      results.push({ isOk: told[1] === "ok", skipped, output: "" });
    } else if (last !== undefined) last.output += `${line.replace(/^# ?/, "")}\n`;
  }
  return results;
}
