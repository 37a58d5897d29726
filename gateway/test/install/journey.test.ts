import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const isWanted = process.env.DOCKER_JOURNEY === "1";
const isPossible = isWanted && spawnSync("docker", ["info"]).status === 0;
if (!isPossible) {
  console.log("not run: the Docker journey needs a Docker engine and DOCKER_JOURNEY=1");
}

test("install, use, kill, back up, restore, upgrade, uninstall", { timeout: 900_000 }, () => {
  if (!isPossible) {
    expect(isWanted, "DOCKER_JOURNEY=1, and no Docker engine answers").toBe(false);
    return;
  }
  const journey = join(import.meta.dirname, "journey.sh");
  const { status, stdout, stderr } = spawnSync("bash", [journey], { encoding: "utf8" });
  console.log(stdout);
  expect(status, stdout + stderr.slice(-4_000)).toBe(0);
});
