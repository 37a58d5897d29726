import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const isServiceWanted = process.env.SERVICE_JOURNEY === "1";
if (!isServiceWanted) {
  console.log("not run: the journey without Docker fetches its packages: SERVICE_JOURNEY=1");
}

test("without Docker: install, use, upgrade, go back, uninstall", { timeout: 600_000 }, () => {
  if (!isServiceWanted) return;
  const journey = join(import.meta.dirname, "service-journey.sh");
  const { status, stdout, stderr } = spawnSync("bash", [journey], { encoding: "utf8" });
  console.log(stdout);
  expect(status, stdout + stderr.slice(-4_000)).toBe(0);
});
