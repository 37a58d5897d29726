import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const text = readFileSync(join(root, "docs/security.md"), "utf8");
const lines = [...text.matchAll(/^\| (.+) \| `([\w/.-]+\.test\.ts)`: (.+) \|$/gm)];
const list = text.slice(text.indexOf("## The attacker's list")).split("\n## ", 2)[0] ?? "";
const rows = list
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .slice(2);

/** The names of the tests in a file, of tables too; what a comment says is no name. */
function titlesIn(source: string): string {
  const found = source.matchAll(
    /(?:\b(?:it|test|describe)|\)|`)\s*\(\s*(["'`])((?:\\.|(?!\1).)*)\1\s*,/gs,
  );
  return [...found].map((match) => match[2]).join("\n");
}

describe("the attacker's list", () => {
  it("has lines to check", () => {
    expect(lines.length).toBeGreaterThan(50);
  });

  it("has no line without a test", () => {
    expect(rows.length).toBe(lines.length);
  });

  it.each(lines.map(([, attack, file, name]) => [attack, file, name] as const))(
    "%s: is tested",
    (_attack, file = "", name = "") => {
      const path = join(root, "gateway", file);
      expect(existsSync(path), file).toBe(true);
      const titles = titlesIn(readFileSync(path, "utf8"));
      expect(titles, `${file} has a test of this name`).toContain(name);
    },
  );
});
