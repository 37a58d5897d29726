import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const isWanted = process.env.SERVICE_JOURNEY === "1";

test("install, use, upgrade, go back, uninstall without Docker", {
  timeout: 600_000,
}, (context) => {
  if (!isWanted) {
    console.warn("not run: the journey without Docker fetches its packages: SERVICE_JOURNEY=1");
    context.skip("SERVICE_JOURNEY=1 is not set");
  }
  const journey = join(import.meta.dirname, "service-journey.sh");
  const { status, stdout, stderr } = spawnSync("bash", [journey], { encoding: "utf8" });
  expect(status, stdout + stderr.slice(-4_000)).toBe(0);
});
