import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Whether a program is there; says so in one line where it is not. */
function have(program: string): boolean {
  const found = spawnSync(program, ["--version"]).status === 0;
  if (!found) console.log(`not run: ${program} is missing, so what it tests is not tested`);
  return found;
}

/** The real compose, which needs no engine to read a .env file; null where it is missing. */
const compose =
  [
    process.env.DOCKER_CONFIG ?? join(homedir(), ".docker"),
    "/usr/libexec/docker",
    "/usr/lib/docker",
    "/usr/local/lib/docker",
  ]
    .map((folder) => join(folder, "cli-plugins/docker-compose"))
    .find((file) => existsSync(file)) ?? null;
if (compose === null)
  console.log("not run: .env against the real compose, whose plugin is missing");

if (have("bats")) {
  const suites = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".bats"));

  test.each(suites)("%s", { timeout: 300_000 }, (suite) => {
    const { status, stdout } = spawnSync("bats", ["--tap", join(import.meta.dirname, suite)], {
      encoding: "utf8",
      env: { ...process.env, NODE: process.execPath, COMPOSE_PLUGIN: compose ?? "" },
    });
    expect(stdout.split("\n").filter((line) => line.startsWith("not ok"))).toEqual([]);
    expect(status, stdout).toBe(0);
    expect(stdout.match(/^ok /gm)?.length ?? 0).toBeGreaterThan(3);
  });
} else {
  // A file without a test would fail; this one says what is not tested.
  test("bats is not here", () => expect(have("bats")).toBe(false));
}
