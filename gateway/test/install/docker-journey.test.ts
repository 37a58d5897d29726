import { test } from "vitest";
import { runJourney } from "./run-journey.ts";

const isWanted = process.env.DOCKER_JOURNEY === "1";

test("install, use, kill, back up, restore, upgrade, uninstall in containers", {
  timeout: 1_800_000,
}, async (context) => {
  if (!isWanted) {
    console.warn("not run: the Docker journey needs a Docker engine and DOCKER_JOURNEY=1");
    context.skip("DOCKER_JOURNEY=1 is not set");
  }
  await runJourney("docker-journey.sh", context.signal);
});
