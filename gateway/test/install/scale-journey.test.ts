import { test } from "vitest";
import { runJourney } from "./run-journey.ts";

const isWanted = process.env.DOCKER_JOURNEY === "1";

test("two gateways with one queue in containers: start, use, replace, kill", {
  timeout: 900_000,
}, async (context) => {
  if (!isWanted) {
    console.warn("not run: the journey of two gateways needs a Docker engine and DOCKER_JOURNEY=1");
    context.skip("DOCKER_JOURNEY=1 is not set");
  }
  await runJourney("scale-journey.sh", context.signal);
});
