import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const folder = join(root, "install");
const parts = readdirSync(folder).filter((file) => file !== "build.sh");
const installer = readFileSync(join(root, "install.sh"), "utf8");

test("install.sh is what its parts give (npm run build:install writes it)", () => {
  const built = execFileSync("bash", [join(folder, "build.sh")], { encoding: "utf8" });
  expect(installer === built, "run npm run build:install").toBe(true);
});

test.each(parts)("install/%s is in install.sh, and has fewer than 200 lines", (part) => {
  const text = readFileSync(join(folder, part), "utf8");
  expect(installer).toContain(text);
  expect(text.split("\n").length - 1).toBeLessThan(200);
});
