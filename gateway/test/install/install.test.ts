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

/** Docker with a compose plugin, which needs no running engine to read a compose file. */
const composePlugin = [
  join(process.env.DOCKER_CONFIG ?? join(homedir(), ".docker"), "cli-plugins/docker-compose"),
  "/usr/libexec/docker/cli-plugins/docker-compose",
  "/usr/lib/docker/cli-plugins/docker-compose",
].some((file) => existsSync(file))
  ? { COMPOSE_PLUGIN: "docker" }
  : {};

if (have("bats")) {
  const suites = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".bats"));

  test.each(suites)("%s", { timeout: 300_000 }, (suite) => {
    const { status, stdout } = spawnSync("bats", ["--tap", join(import.meta.dirname, suite)], {
      encoding: "utf8",
      env: { ...process.env, NODE: process.execPath, ...composePlugin },
    });
    expect(stdout.split("\n").filter((line) => line.startsWith("not ok"))).toEqual([]);
    expect(status, stdout).toBe(0);
    expect(stdout.match(/^ok /gm)?.length ?? 0).toBeGreaterThan(3);
  });
} else {
  // A file without a test would fail; this one says what is not tested.
  test("bats is not here", () => expect(have("bats")).toBe(false));
}
