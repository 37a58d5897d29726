import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const text = readFileSync(join(root, "docs/security.md"), "utf8");
const lines = [...text.matchAll(/^\| (.+) \| `([\w/.-]+\.test\.ts)`: (.+) \|$/gm)];

describe("the attacker's list", () => {
  it("has lines to judge", () => {
    expect(lines.length).toBeGreaterThan(50);
  });

  it.each(lines.map(([, attack, file, name]) => [attack, file, name] as const))(
    "%s: is tested",
    (_attack, file = "", name = "") => {
      const path = join(root, "gateway", file);
      expect(existsSync(path), file).toBe(true);
      expect(readFileSync(path, "utf8"), `${file} has a test of this name`).toContain(name);
    },
  );
});
