import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeWaitPicture } from "./wait-picture.ts";

/** The words on the picture, line by line, and the seconds beside them. */
function read(svg: string): { words: string[]; seconds: number[] } {
  const texts = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text ?? "");
  const times = texts.filter((text) => /^\d+\.\d s$/.test(text));
  return {
    words: texts.filter((text) => !times.includes(text)),
    seconds: times.map((time) => Number.parseFloat(time)),
  };
}

function expectAWait(svg: string): void {
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  expect(svg.trimEnd()).toMatch(/<\/svg>$/);
  const { words, seconds } = read(svg);
  expect(words[0]).toMatch(/^\$ curl -N /);
  const places = words.flatMap((text) => /^: queue-position=(\d)$/.exec(text)?.[1] ?? []);
  // On a busy machine two turns may end within the second in which a place is told once.
  expect(places.length).toBeGreaterThan(2);
  expect(places).toEqual([...new Set(places)].toSorted().reverse());
  expect(places.at(-1)).toBe("0");
  const answer = words.slice(words.indexOf(": queue-position=0") + 2);
  expect(answer.slice(0, -1).every((text) => text.includes('"content":'))).toBe(true);
  expect(answer.at(-1)).toBe("data: [DONE]");
  expect(seconds).toEqual(seconds.toSorted((a, b) => a - b));
  expect(seconds.at(-1)).toBeGreaterThan(1);
  expect(svg).not.toContain("sk-");
}

test("the picture of a terminal waiting in line is made from a run", async () => {
  const folder = mkdtempSync(join(tmpdir(), "llm-gateway-test-"));
  try {
    const file = join(folder, "waiting.svg");
    await makeWaitPicture(file);
    expectAWait(readFileSync(file, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the README shows such a picture", () => {
  const root = join(import.meta.dirname, "..");
  expect(readFileSync(join(root, "README.md"), "utf8")).toContain("(docs/waiting.svg)");
  expectAWait(readFileSync(join(root, "docs/waiting.svg"), "utf8"));
});
