import { describe, expect, it } from "vitest";
import { geminiTarget } from "./gemini-target.ts";

describe("geminiTarget", () => {
  it.each([
    ["/v1beta/models/gemini-3-pro:generateContent", "", "gemini-3-pro", "generateContent", null],
    ["/v1/models/gemini-3-pro:generateContent", "", "gemini-3-pro", "generateContent", null],
    ["/v1beta/models/m:streamGenerateContent", "?alt=sse", "m", "streamGenerateContent", "events"],
    [
      "/v1beta/models/m:streamGenerateContent",
      "?a=b&alt=sse",
      "m",
      "streamGenerateContent",
      "events",
    ],
    ["/v1beta/models/m:streamGenerateContent", "?alt=json", "m", "streamGenerateContent", "array"],
    ["/v1beta/models/m:streamGenerateContent", "", "m", "streamGenerateContent", "array"],
    ["/v1beta/models/org/qwen3:8b:countTokens", "", "org/qwen3:8b", "countTokens", null],
    ["/v1/models/m%3AgenerateContent", "", "m", "generateContent", null],
    ["/v1/models/org%2Fqwen3:embedContent", "", "org/qwen3", "embedContent", null],
  ])("reads %s%s", (path, query, model, verb, stream) => {
    expect(geminiTarget(path, query)).toEqual({ model, verb, stream });
  });

  it.each([
    "/v1/models",
    "/v1/models/gpt-4o",
    "/v1/models/qwen3:8b",
    "/v1beta/models",
    "/v1beta/models/:generateContent",
    "/v1beta/models/m:generateContent/x",
    "/v1beta/models/m:GenerateContent",
    "/v1beta/tunedModels/m:generateContent",
    "/v1/chat/completions",
    "/v1beta/models/%ff:generateContent",
  ])("knows nothing of %s", (path) => {
    expect(geminiTarget(path)).toBeNull();
  });
});
