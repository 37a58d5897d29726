import { describe, expect, it } from "vitest";
import { recorded } from "../test/fixtures/recorded.ts";
import { rejectionHeaders, upstreamRejection } from "./upstream-rejection.ts";

function rejection(status: number, body: unknown, type = "application/json") {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return upstreamRejection(status, Buffer.from(text), type);
}

describe("a 4xx of an upstream", () => {
  it.each([
    ["error-bad-json", 400, "invalid_request_error", "upstream_rejected"],
    ["error-no-messages", 400, "invalid_request_error", "upstream_rejected"],
    ["error-too-long-stream", 400, "exceed_context_size_error", "context_length_exceeded"],
    ["error-unknown-path", 404, "not_found_error", "not_found"],
  ])("recorded as %s keeps status and type", (name, status, type, shownCode) => {
    const { body, headers } = recorded(name);
    const error = upstreamRejection(status, body, headers["content-type"] ?? "");
    expect(error).toMatchObject({ code: "upstream_rejected", status, type, shownCode });
    expect(error.message).toBe(JSON.parse(body.toString()).error.message);
  });

  it("keeps the fields that tell how much too long it was", () => {
    const { body } = recorded("error-too-long-stream");
    const error = upstreamRejection(400, body, "application/json");
    expect(error.extra).toEqual({ n_ctx: 4096, n_prompt_tokens: 18022 });
  });

  it.each([
    ["OpenAI", { error: { message: "no", type: "t_e", param: "stop", code: "c_e" } }, "t_e", "c_e"],
    ["Anthropic", { type: "error", error: { type: "t_e", message: "no" } }, "t_e", null],
    [
      "old vLLM",
      { object: "error", message: "no", type: "BadRequestError", code: 400 },
      null,
      null,
    ],
    ["Ollama", { error: "no" }, "invalid_request_error", null],
    ["Gemini", [{ error: { code: 400, message: "no" } }], "invalid_request_error", null],
    ["FastAPI", { detail: "no" }, "invalid_request_error", null],
    ["a bare text", "no", "invalid_request_error", null],
  ])("is read in the shape of %s", (_, body, type, code) => {
    const error = rejection(400, body);
    expect(error.message).toBe("no");
    expect(error.status).toBe(400);
    expect(error.shownCode).toBe(code ?? "upstream_rejected");
    if (type !== null) expect(error.type).toBe(type);
  });

  it("says where FastAPI found what, without what was sent", () => {
    const detail = [{ loc: ["body", "n"], msg: "too many", input: "a secret prompt" }];
    expect(rejection(422, { detail }).message).toBe("body.n: too many");
  });

  it("of HTML gives its title, of text its one line, without control characters", () => {
    const page = "<!DOCTYPE html><html><head><title>413 Too\nLarge</title></head>";
    expect(rejection(413, page, "text/html").message).toBe("413 Too Large");
    expect(rejection(400, "a\u0000b\r\n\u001b[31mc", "text/plain").message).toBe("a b [31mc");
    expect(rejection(400, "<html>nothing").message).toContain("400");
  });

  it("is cut where it is long, and says its status where it is empty", () => {
    expect(rejection(400, "x".repeat(100_000)).message.length).toBeLessThan(2100);
    expect(rejection(400, { error: { message: "x".repeat(9999) } }).message.length).toBe(2001);
    expect(rejection(418, "").message).toContain("418");
    expect(rejection(400, { error: { message: 5, type: {}, code: [], param: 7 } })).toMatchObject({
      type: "invalid_request_error",
      param: null,
    });
    const wide = { error: { message: "no", more: "x".repeat(9999) } };
    expect(rejection(400, wide).extra).toEqual({});
  });

  it("never crashes on garbage", () => {
    for (const body of ["{", "[", '"', "[]", "null", "{}", `{"error":${"[".repeat(30_000)}`]) {
      expect(rejection(400, body).status).toBe(400);
    }
    const deep = `{"error":{"message":"no","x":${"[".repeat(20_000)}${"]".repeat(20_000)}}}`;
    expect(rejection(400, deep).status).toBe(400);
    expect(upstreamRejection(400, Buffer.from([0xff, 0xfe, 0x00]), "").status).toBe(400);
  });
});

describe("other failures of an upstream", () => {
  it.each([401, 403, 407])("%i is about the gateway's key, which is not repeated", (status) => {
    const error = rejection(status, { error: { message: "Incorrect API key: sk-secret" } });
    expect(error).toMatchObject({ code: "upstream_auth", status: 502 });
    expect(error.message).not.toContain("secret");
  });

  it.each([
    [501, "This server does not support embeddings.", "not_supported", 501],
    [529, "Overloaded", "overloaded", 529],
    [503, "Loading model", "upstream_loading", 503],
    [503, "busy", "upstream_error", 502],
    [500, "boom", "upstream_error", 502],
    [504, "late", "upstream_error", 502],
    [302, "", "upstream_error", 502],
  ])("%i %j is %s, %i", (given, message, code, status) => {
    const error = rejection(given, { error: { message, code: given } });
    expect(error).toMatchObject({ code, status, shownCode: code });
    expect(error.message).toContain(message);
  });

  it.each([
    "Failed to parse tools: Expected 'tools' to be an array, got 5; tools = 5",
    "Failed to parse messages: Missing 'role' in message",
    "image input is not supported - hint: you may need to provide the mmproj",
    "Failed to load image or audio file",
    "'messages' is required",
    "Cannot use both json_schema and grammar",
  ])("500 %j blames the request, and is a 400", (message) => {
    expect(rejection(500, { error: { message, code: 500, type: "server_error" } })).toMatchObject({
      ...{ code: "upstream_rejected", status: 400, type: "invalid_request_error", message },
    });
  });

  it.each([
    "Compute error.",
    "failed to decode the batch",
    "the 'messages' is required",
    "Unable to generate parser for this template",
  ])("500 %j is the upstream's own failure", (message) => {
    expect(rejection(500, { error: { message } })).toMatchObject({ code: "upstream_error" });
  });

  it.each(["this feature is disabled", "Your input was flagged"])("403 %j is a 403", (message) => {
    const error = rejection(403, { error: { message, code: 403 } });
    expect(error).toMatchObject({ status: 403, type: "permission_error", message });
  });

  it("reads the wait in milliseconds, which is more exact than the one in seconds", () => {
    const waits = [
      { "retry-after-ms": "1500", "retry-after": "9" },
      { "retry-after-ms": "250" },
      { "retry-after-ms": "soon", "retry-after": "9" },
      { "retry-after-ms": ["1", "2"] },
    ];
    const told = waits.map((headers) => {
      const rejected = upstreamRejection(429, Buffer.from(""), "", rejectionHeaders(headers));
      return rejected.headers["retry-after"];
    });
    expect(told).toEqual(["2", "1", "9", undefined]);
  });

  it("passes on the wait that Google tells in the body", () => {
    const wait = (...details: unknown[]) =>
      rejection(429, { error: { code: 429, message: "quota", details } }).headers["retry-after"];
    expect(wait({ "@type": "…/Help" }, { retryDelay: "34.07s" })).toBe("35");
    expect([wait({ retryDelay: 5 }), wait(null), wait()]).toEqual(Array(3));
  });

  it("passes Retry-After on in whole seconds, and a wait of more than a minute in the body", () => {
    const wait = (value: string | null) => {
      const { headers, extra } = upstreamRejection(429, Buffer.from(""), "", { retryAfter: value });
      return headers["retry-after"] ?? extra.retry_after_seconds;
    };
    expect(["0.2", "7", "60", "900"].map(wait)).toEqual(["1", "7", "60", 900]);
    expect(["soon", "-1", null].map(wait)).toEqual(Array(3));
    // RFC 9110 §10.2.3 allows a date.
    expect(wait("Tue, 01 Jan 2130 00:00:00 GMT")).toBeGreaterThan(60);
    expect(wait("Tue, 01 Jan 2019 00:00:00 GMT")).toBe("1");
    expect(Number(wait(new Date(Date.now() + 20_000).toUTCString()))).toBeGreaterThan(15);
    expect(upstreamRejection(429, Buffer.from(""), "", { retryAfter: "900" }).headers).toEqual({
      "x-should-retry": "false",
    });
  });
});
