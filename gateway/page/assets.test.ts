import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readAssets } from "./assets.ts";

describe("the files of the page", () => {
  it("keep every line of code when their comments are taken out, at its number", async () => {
    const { files } = await readAssets();
    const scripts = [...files].filter(([name]) => name.endsWith(".js") && !name.startsWith("npm/"));
    expect(scripts.length).toBeGreaterThan(20);
    for (const [name, { plain }] of scripts) {
      const source = readFileSync(join(import.meta.dirname, "browser", name), "utf8").split("\n");
      const sent = plain.toString().split("\n");
      expect(sent.length, name).toBe(source.length);
      let isComment = false;
      for (const [at, line] of source.entries()) {
        const text = line.trim();
        if (text.startsWith("/**") && !text.includes("*/")) isComment = true;
        const code = isComment ? "" : text.replaceAll(/\/\*\*.*?\*\/ ?|^\/\/.*/g, "").trim();
        if (text.endsWith("*/")) isComment = false;
        expect(sent[at]?.trim(), `${name}:${at + 1}`).toBe(code);
      }
    }
  });

  it("have another hash if one of them changes, and the same if none does", async () => {
    const [first, second] = await Promise.all([readAssets(), readAssets()]);
    expect(first.hash).toMatch(/^[0-9a-f]{16}$/);
    expect(second.hash).toBe(first.hash);
  });
});
