import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

/** These words make sentences that a reader has to solve (docs/style.md). */
const riddles = /\b(whoever|whose|of who)\b/i;

/** docs/style.md quotes what not to write. */
const documents = [
  "*.md",
  "docs/**/*.md",
  "bench/*.md",
  "cloudflared/*.md",
  "gateway/**/DESIGN.md",
  ".env.example",
  "config.example.yaml",
].flatMap((pattern) => globSync(pattern, { cwd: root }).filter((file) => file !== "docs/style.md"));

const sources = globSync("gateway/**/*.ts", { cwd: root }).filter((file) => {
  return !file.endsWith(".test.ts") && !file.startsWith("gateway/test/");
});

/** The texts of a source file: its string and template literals, without the code in `${}`. */
function textsIn(file: string): string[] {
  const code = readFileSync(join(root, file), "utf8").replaceAll(/^\s*(?:\*|\/\/|\/\*).*$/gm, "");
  const literals = code.matchAll(/"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g);
  return [...literals].map(([text]) => text.replaceAll(/\$\{[^}]*\}/g, ""));
}

describe("a text for users", () => {
  it("is looked for in every document and source", () => {
    expect(documents).toEqual(expect.arrayContaining(["README.md", ".env.example"]));
    expect(textsIn("gateway/errors.ts").join()).toContain("shutting down or draining");
  });

  it.each(documents)("of %s has no sentence to solve", (file) => {
    const lines = readFileSync(join(root, file), "utf8").split("\n");
    expect(lines.filter((line) => riddles.test(line))).toEqual([]);
  });

  it("in a string of the code has no sentence to solve", () => {
    const found = sources.flatMap((file) => {
      return textsIn(file).flatMap((text) => (riddles.test(text) ? [`${file}: ${text}`] : []));
    });
    expect(found).toEqual([]);
  });
});
