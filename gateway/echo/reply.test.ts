import { expect, test } from "vitest";
import { makeReply } from "./reply.ts";
import { lazyTokenizer } from "./tokenizer.ts";

const { signal } = new AbortController();
const load = lazyTokenizer();

async function say(
  text: string,
  maxTokens: number | null = null,
  stop: string[] = [],
  choices = 1,
) {
  return makeReply(text, { maxTokens, stop, choices }, await load(), signal);
}

test("the text comes back", async () => {
  expect(await say("hello there")).toMatchObject({ text: "Echo: hello there", end: "stop" });
});

test("a limit cuts it after so many tokens", async () => {
  expect(await say("hello there", 3)).toMatchObject({
    text: "Echo: hello",
    tokens: 3,
    end: "length",
  });
});

test("a limit that is just enough cuts nothing", async () => {
  const { tokens } = await say("hello there");
  expect(await say("hello there", tokens)).toMatchObject({ tokens, end: "stop" });
});

test("the first of several stop strings ends it and is not part of it", async () => {
  const said = await say("one, two, three", null, ["three", "two", ""]);
  expect(said).toMatchObject({ text: "Echo: one, ", end: "stop", stopped: "two" });
});

test("a stop string behind the limit is never reached", async () => {
  expect(await say("one two three", 3, ["three"])).toMatchObject({ end: "length", stopped: null });
});

test("a limit of 0 gives an empty reply", async () => {
  expect(await say("hello", 0)).toMatchObject({ text: "", tokens: 0, end: "length" });
});

test("many choices never make an answer that is longer than a string can be", async () => {
  const said = await say("word ".repeat(100_000), null, [], 128);
  expect(said).toMatchObject({ tokens: 1024, end: "length" });
});
