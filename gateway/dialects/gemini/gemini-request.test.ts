import { describe, expect, it } from "vitest";
import { json, jsonArray } from "../json/json-framing.ts";
import { gemini } from "./gemini.ts";
import { geminiSse } from "./gemini-sse.ts";

function read(verb: string, body: object, query = "") {
  const path = `/v1beta/models/gemini-3-pro:${verb}`;
  return gemini.request.read(Buffer.from(JSON.stringify(body)), { path, query });
}

const contents = [{ role: "user", parts: [{ text: "hello" }, { inlineData: { data: "AAAA" } }] }];

describe("readFields of Gemini's", () => {
  it("takes the model and the stream from the path, the rest from the body", () => {
    const body = {
      contents,
      systemInstruction: { parts: [{ text: "abc" }] },
      generationConfig: { maxOutputTokens: 100, candidateCount: 2 },
    };
    expect(read("streamGenerateContent", body, "?alt=sse")).toEqual({
      model: "gemini-3-pro",
      framing: geminiSse,
      stream: true,
      includeUsage: false,
      maxTokens: 100,
      n: 2,
      otherModels: [],
      returnsProgress: false,
      stored: null,
      losesInStream: false,
      prompts: 1,
      inputChars: 8,
    });
  });

  it("takes names with underscores, too", () => {
    const body = { contents, generation_config: { max_output_tokens: 7, candidate_count: 3 } };
    expect(read("generateContent", body)).toMatchObject({
      maxTokens: 7,
      n: 3,
      stream: false,
      framing: json,
    });
  });

  it("takes numbers that nothing has for unsaid, so that no sum of such becomes infinite", () => {
    const body = { contents, generationConfig: { maxOutputTokens: 1e308, candidateCount: 1e308 } };
    expect(read("generateContent", body)).toMatchObject({ maxTokens: null, n: 1 });
  });

  it("takes a stream as an array for JSON, in which no comment may stand", () => {
    const { stream, framing } = read("streamGenerateContent", { contents });
    expect(stream).toBe(false);
    expect(framing).toBe(jsonArray);
  });

  it.each([
    ["embedContent", { content: { parts: [{ text: "hello" }] } }],
    ["batchEmbedContents", { requests: [{ content: { parts: [{ text: "hello" }] } }] }],
  ])("knows the size of %s", (verb, body) => {
    expect(read(verb, body).inputChars).toBe(5);
  });

  it.each([
    ["generateContent", {}, "contents"],
    ["embedContent", {}, "content"],
    [
      "generateContent",
      { contents, generationConfig: { maxOutputTokens: "7" } },
      "maxOutputTokens",
    ],
  ])("refuses %s of %j, naming %s", (verb, body, param) => {
    expect(() => read(verb, body)).toThrow(expect.objectContaining({ status: 400, param }));
  });
});
