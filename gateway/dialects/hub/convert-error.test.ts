import { APICallError, UnsupportedFunctionalityError } from "@ai-sdk/provider";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../errors.ts";
import { conversionError, errorOfPart, isUnknownChunk } from "./convert-error.ts";

const call = (fields: object): APICallError =>
  new APICallError({ message: "no", url: "http://up", requestBodyValues: {}, ...fields });

describe("conversionError", () => {
  it("keeps status, message and Retry-After of a provider's error", () => {
    const error = conversionError(
      call({
        statusCode: 429,
        responseBody: '{"error":{"message":"Slow down.","type":"rate_limit_error"}}',
        responseHeaders: { "content-type": "application/json", "retry-after": "3" },
      }),
    );
    expect(error).toMatchObject({
      status: 429,
      message: "Slow down.",
      type: "rate_limit_error",
      headers: { "retry-after": "3" },
    });
  });

  it("an answer that is none of its API is the upstream's fault", () => {
    expect(conversionError(call({ statusCode: 200, responseBody: "<html>" }))).toMatchObject({
      code: "upstream_error",
      message: "The upstream's answer has an unknown format.",
    });
    const told = call({ statusCode: 200, responseBody: '{"error":{"message":"Broke."}}' });
    expect(conversionError(told).message).toBe("The upstream failed: Broke.");
  });

  it("what an upstream cannot take is the client's to hear", () => {
    const error = new UnsupportedFunctionalityError({
      functionality: "audio file parts with URLs",
    });
    expect(conversionError(error)).toMatchObject({
      status: 400,
      message: "The upstream of this model does not support this: audio file parts with URLs.",
    });
  });

  it("finds the gateway's own error, whatever it is wrapped in", () => {
    const own = new GatewayError("upstream_timeout", "Silent.");
    expect(conversionError(call({ cause: new Error("x", { cause: own }) }))).toBe(own);
  });

  it("all else is the gateway's fault, and not told", () => {
    const error = conversionError(new TypeError("secret prompt"));
    expect([error.code, error.message]).toEqual([
      "internal_error",
      "The gateway failed to convert this request or its answer.",
    ]);
  });
});

describe("errors among the parts of a stream", () => {
  const invalid = (value: unknown, name = "AI_TypeValidationError"): Error =>
    Object.assign(new Error("x"), { name, value });

  it.each([
    { type: "news" },
    { type: "content_block_start", index: 0, content_block: { type: "news" } },
    { type: "content_block_delta", index: 0, delta: { type: "news_delta" } },
  ])("are passed over for kinds that Anthropic may add: %j", (value) => {
    expect(isUnknownChunk(invalid(value), "anthropic")).toBe(true);
    expect(isUnknownChunk(invalid(value, "AI_JSONParseError"), "anthropic")).toBe(false);
    expect(isUnknownChunk({ name: "AI_TypeValidationError", value }, "anthropic")).toBe(false);
  });

  it.each([
    ["anthropic", { type: "content_block_delta", delta: { type: "input_json_delta" } }],
    ["anthropic", { type: "content_block_start", content_block: { type: "tool_use" } }],
    ["openai", { choices: [{ delta: { tool_calls: [{ function: { arguments: {} } }] } }] }],
    ["google", { candidates: [{ content: { parts: [{ functionCall: 1 }] } }] }],
  ] as const)("count where %s lost a piece of its answer: %j", (family, value) => {
    const error = invalid(value);
    expect(isUnknownChunk(error, family)).toBe(false);
    expect(errorOfPart(error).code).toBe("upstream_error");
  });

  it.each([
    [{ message: "Broke.", type: "server_error" }, "The upstream failed (500): Broke."],
    ["Broke.", "The upstream failed (500): Broke."],
    [Object.assign(new Error("Busy."), { statusCode: 529 }), "The upstream is overloaded: Busy."],
  ])("say what the upstream said: %j", (error, message) => {
    expect(errorOfPart(error).message).toBe(message);
  });
});
