import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const isWanted = process.env.DOCKER_JOURNEY === "1";

test("install, use, kill, back up, restore, upgrade, uninstall in containers", {
  timeout: 1_200_000,
}, (context) => {
  if (!isWanted) {
    console.warn("not run: the Docker journey needs a Docker engine and DOCKER_JOURNEY=1");
    context.skip("DOCKER_JOURNEY=1 is not set");
  }
  const journey = join(import.meta.dirname, "docker-journey.sh");
  const { status, stdout, stderr } = spawnSync("bash", [journey], { encoding: "utf8" });
  expect(status, stdout + stderr.slice(-4_000)).toBe(0);
});
