import { describe, expect, it } from "vitest";
import { endpointOf } from "./endpoints.ts";

describe("endpointOf", () => {
  it.each([
    ["/v1/chat/completions", "chat"],
    ["/v1/completions", "completions"],
    ["/v1/embeddings", "embeddings"],
    ["/v1/messages", "messages"],
    ["/v1/responses", "responses"],
    ["/v1/rerank", "rerank"],
    ["/v1/reranking", "rerank"],
  ])("reads the JSON of a POST to %s, which generates", (path, dialect) => {
    expect(endpointOf("POST", path)).toEqual({ dialect, kind: "generation", json: true });
  });

  it.each([
    ["/v1beta/models/m:generateContent", "generation", true],
    ["/v1beta/models/m:streamGenerateContent", "generation", true],
    ["/v1/models/org/m:8b:generateContent", "generation", true],
    ["/v1beta/models/m:embedContent", "generation", true],
    ["/v1beta/models/m:batchEmbedContents", "generation", true],
    ["/v1beta/models/m:countTokens", "read", false],
    ["/v1beta/models/m:predict", "generation", false],
    ["/v1beta/cachedContents", "generation", false],
  ])("knows Gemini's POST to %s", (path, kind, json) => {
    expect(endpointOf("POST", path)).toEqual({ dialect: "gemini", kind, json });
  });

  it.each([
    "/v1/audio/speech",
    "/v1/audio/transcriptions",
    "/v1/images/generations",
    "/v1/batches",
    "/v1/infill",
    "/v1/something/new",
  ])("counts a POST to %s as a generation with an opaque body", (path) => {
    expect(endpointOf("POST", path)).toEqual({
      dialect: "openai",
      kind: "generation",
      json: false,
    });
  });

  it.each([
    "/v1/messages/count_tokens",
    "/v1/chat/completions/input_tokens",
    "/v1/responses/input_tokens",
    "/v1/tokenize",
    "/v1/detokenize",
    "/v1/apply-template",
    "/v1/files",
    "/v1/files/file-1/content",
    "/v1/uploads/u1/parts",
    "/v1/responses/resp_1/cancel",
    "/v1/chat/completions/chatcmpl-1/cancel",
    "/v1/batches/b1/cancel",
    "/v1/messages/batches/b1/cancel",
    "/v1/models/load",
    "/v1/models/unload",
  ])("never lets a POST to %s wait", (path) => {
    expect(endpointOf("POST", path)).toMatchObject({ kind: "read", json: false });
  });

  it.each(["GET", "HEAD", "DELETE", "OPTIONS"])("takes every %s for a read", (method) => {
    for (const path of ["/v1/models", "/v1/stream", "/v1/chat/completions", "/v1/unknown"]) {
      expect(endpointOf(method, path)).toMatchObject({ kind: "read", json: false });
    }
  });

  it.each(["PUT", "PATCH", "PROPFIND", "get"])("does not let %s go round the line", (method) => {
    expect(endpointOf(method, "/v1/chat/completions")).toEqual({
      dialect: "chat",
      kind: "generation",
      json: false,
    });
  });

  it.each([
    "/v1/chat/completions/",
    "/v1/chat/completions/cancel",
    "/v1/chat/completions//cancel",
    "/v1/responses/a/b/cancel",
    "/v1/cancel",
    "/v1/audio/speech/cancel",
    "/v1/filesx",
    "/v1/tokenize/",
    "/v1/CHAT/completions",
    "/v1/%63hat/completions",
  ])("takes a POST to %s, which only looks like a read or another path, for unknown", (path) => {
    expect(endpointOf("POST", path)).toMatchObject({ kind: "generation", json: false });
  });

  it("names the dialect of reads too, for their errors", () => {
    expect(endpointOf("POST", "/v1/messages/count_tokens").dialect).toBe("messages");
    expect(endpointOf("GET", "/v1/responses/resp_1").dialect).toBe("responses");
    expect(endpointOf("GET", "/v1/messagesx").dialect).toBe("openai");
    expect(endpointOf("GET", "/v1beta/models").dialect).toBe("gemini");
  });
});
