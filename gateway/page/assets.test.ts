import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readAssets } from "./assets.ts";
import { pageDocument } from "./document.ts";

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

  it("are 60 kB at most, all of them and their document, as a browser loads them", async () => {
    const assets = await readAssets();
    const files = [...assets.files.values()].map(({ gzipped }) => gzipped.length);
    const sum = files.reduce((all, one) => all + one, 0);
    const document = pageDocument(assets, "main.js", false).html.length;
    console.info(`the page: ${files.length} files, ${sum} bytes (gzip); its document ${document}`);
    expect(sum + document).toBeLessThanOrEqual(60_000);
    for (const { plain, gzipped } of assets.files.values()) {
      expect(gunzipSync(gzipped).equals(plain)).toBe(true);
    }
  });

  it("have another hash if one of them changes, and the same if none does", async () => {
    const [first, second] = await Promise.all([readAssets(), readAssets()]);
    expect(first.hash).toMatch(/^[0-9a-f]{16}$/);
    expect(second.hash).toBe(first.hash);
  });
});
