import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type BatsResult, namesIn, readTap, runBats } from "./bats-run.ts";

/** The real compose, which needs no engine to read a .env file; null where it is missing. */
const compose =
  [
    process.env.DOCKER_CONFIG ?? join(homedir(), ".docker"),
    "/usr/libexec/docker",
    "/usr/lib/docker",
    "/usr/local/lib/docker",
    "/usr/local/libexec/docker",
  ]
    .map((folder) => join(folder, "cli-plugins/docker-compose"))
    .find((file) => existsSync(file)) ?? null;

const env = { ...process.env, NODE: process.execPath, COMPOSE_PLUGIN: compose ?? "" };
const suites = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith(".bats"))
  .map((file) => {
    const path = join(import.meta.dirname, file);
    return { file, path, names: namesIn(path) };
  });
// All files run at the same time: their tests mostly wait.
let runs: Map<string, Promise<BatsResult[]>>;
beforeAll(() => {
  runs = new Map(suites.map(({ file, path }) => [file, runBats(path, env)]));
});

describe.each(suites)("$file", ({ file, names }) => {
  for (const [index, name] of names.entries()) {
    test(name, { timeout: 600_000 }, async (context) => {
      const result = (await runs.get(file))?.[index];
      if (result === undefined) throw new Error("bats ended before this test");
      if (result.skipped !== null) {
        console.warn(`not run: ${name}: ${result.skipped}`);
        context.skip(result.skipped);
      }
      if (!result.isOk) throw new Error(result.output);
    });
  }
});

test("a failing bats test is shown with its own output, and a skipped one with its reason", () => {
  const tap = "1..3\nok 1 a\nnot ok 2 b\n# (in test file)\n#   `x' failed\nok 3 c # skip no zsh";
  expect(readTap(tap)).toEqual([
    { isOk: true, skipped: null, output: "" },
    { isOk: false, skipped: null, output: "(in test file)\n  `x' failed\n" },
    { isOk: true, skipped: "no zsh", output: "" },
  ]);
});
