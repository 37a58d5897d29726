import { test } from "vitest";
import { runJourney } from "./run-journey.ts";

const isWanted = process.env.SERVICE_JOURNEY === "1";

test("install, use, upgrade, go back, uninstall without Docker", {
  timeout: 1_200_000,
}, async (context) => {
  if (!isWanted) {
    console.warn("not run: the journey without Docker fetches its packages: SERVICE_JOURNEY=1");
    context.skip("SERVICE_JOURNEY=1 is not set");
  }
  await runJourney("service-journey.sh", context.signal);
});
