import { expect, test } from "vitest";
import { lazyTokenizer } from "./tokenizer.ts";

const { signal } = new AbortController();
const load = lazyTokenizer();

test("pieces give the same text and count every token", async () => {
  const tokenizer = await load();
  const text = "Hi 😀 Grüße 你好嗎 ᚠᛇ <|endoftext|>";
  const ids = await tokenizer.encode(text, signal);
  const pieces = [...tokenizer.pieces(ids)];
  expect(pieces.map((piece) => piece.text).join("")).toBe(text);
  expect(pieces.reduce((sum, piece) => sum + piece.tokens, 0)).toBe(ids.length);
  expect(pieces.length).toBeLessThan(ids.length);
  expect(await tokenizer.count(text, signal)).toBe(ids.length);
});

test("long ordinary text has the same count in stretches and in one piece", async () => {
  const { countTokens } = await import("gpt-tokenizer/encoding/cl100k_base");
  const text = "the quick brown fox, and 12 more.\n".repeat(2000);
  expect(await (await load()).count(text, signal)).toBe(countTokens(text));
});

/** Letters without a space, different in each run, so that no cache of merges helps. */
function unbroken(length: number): string {
  let seed = 1;
  return Array.from({ length }, () => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return String.fromCharCode(97 + ((seed >> 16) % 26));
  }).join("");
}

test("a long text without spaces does not block the event loop", async () => {
  const tokenizer = await load();
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  // In one piece the merge took 17 s and blocked the event loop.
  await tokenizer.count(unbroken(200_000), signal);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(3);
});

test("counting ends when the client has left", async () => {
  const leaving = new AbortController();
  const counting = (await load()).count(unbroken(500_000), leaving.signal);
  leaving.abort(new Error("left"));
  await expect(counting).rejects.toThrow("left");
});

test("a limit ends the encoding", async () => {
  expect(await (await load()).encode("one two three four", signal, 2)).toHaveLength(2);
});
