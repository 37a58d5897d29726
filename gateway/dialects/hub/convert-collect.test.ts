import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import fc from "fast-check";
import { expect, it } from "vitest";
import { anyAnswer } from "../../test/support/answer-arbitrary.ts";
import { writeMessages } from "../anthropic/write-messages.ts";
import { writeGemini } from "../gemini/write-gemini.ts";
import { writeChat } from "../openai-chat/write-chat.ts";
import { writeResponses } from "../openai-responses/write-responses.ts";
import { collect } from "./convert-collect.ts";

const names = { id: "a-b", model: "some-model", created: 1_760_000_000, startedAt: 0, request: {} };
const streamOf = (parts: LanguageModelV4StreamPart[]): ReadableStream<LanguageModelV4StreamPart> =>
  ReadableStream.from(parts);

it("says in every dialect what the answer says that was never streamed", async () => {
  await fc.assert(
    fc.asyncProperty(anyAnswer, async ({ parts, whole }) => {
      const collected = await collect(streamOf(parts), "openai");
      for (const write of [writeChat, writeMessages, writeGemini, writeResponses]) {
        expect(write(collected, names)).toEqual(write(whole, names));
      }
    }),
    { numRuns: 200 },
  );
});

it("an error among the parts is one, and so is a stream without an end", async () => {
  const start: LanguageModelV4StreamPart = { type: "stream-start", warnings: [] };
  const broken = collect(streamOf([start, { type: "error", error: "Broke." }]), "openai");
  await expect(broken).rejects.toMatchObject({ code: "upstream_error" });
  await expect(collect(streamOf([start]), "openai")).rejects.toMatchObject({
    code: "upstream_error",
  });
});
