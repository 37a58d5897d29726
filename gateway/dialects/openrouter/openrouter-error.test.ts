import { ChatStreamChunk$inboundSchema, ErrorEvent$inboundSchema } from "@openrouter/sdk/models";
import { describe, expect, it } from "vitest";
import { type ErrorCode, errorCodes, GatewayError } from "../../errors.ts";
import { dialects } from "../all.ts";
import { openRouterErrorType } from "./openrouter-error.ts";

const { chat, messages, responses } = dialects;

const stream = {
  ...{ requestId: "r1", answerId: null, model: "m", startedAt: 5000, events: 0 },
  request: {},
};
const dataOf = (event: string) => JSON.parse(event.slice(event.indexOf("data: ") + 6));

describe("an error of OpenRouter's", () => {
  it("has a number for a code, and its word", () => {
    const error = new GatewayError("upstream_error", "It failed.", { extra: { n_ctx: 5 } });
    expect(JSON.parse(chat.openRouter.errorBody(error, "r1"))).toEqual({
      error: {
        code: 502,
        message: "It failed.",
        type: "api_error",
        metadata: {
          error_type: "provider_unavailable",
          provider_code: "upstream_error",
          n_ctx: 5,
        },
      },
    });
  });

  it("names the field at fault, and a context that is too long", () => {
    const error = new GatewayError("upstream_rejected", "Too long.", {
      shownCode: "context_length_exceeded",
      param: "messages",
    });
    expect(JSON.parse(chat.openRouter.errorBody(error, "r1")).error).toMatchObject({
      code: 400,
      metadata: { error_type: "context_length_exceeded", param: "messages" },
    });
  });

  it("follows the status of an upstream's own refusal", () => {
    const type = (status: number) =>
      openRouterErrorType(new GatewayError("upstream_rejected", "no", { status }));
    expect([402, 404, 422, 429, 400, 418].map(type)).toEqual([
      "payment_required",
      "not_found",
      "unprocessable",
      "rate_limit_exceeded",
      "invalid_request",
      "invalid_request",
    ]);
  });

  it("keeps Anthropic's form for Anthropic's clients", () => {
    const error = new GatewayError("queue_full", "Full.");
    expect(JSON.parse(messages.openRouter.errorBody(error, "r1"))).toEqual({
      type: "error",
      error: { type: "overloaded_error", message: "Full.", error_type: "provider_overloaded" },
      request_id: "r1",
    });
  });

  it("is a chunk like all others inside a stream, for every code", () => {
    for (const code of Object.keys(errorCodes) as ErrorCode[]) {
      const event = chat.openRouter.errorEvent(new GatewayError(code, "é"), stream);
      const chunk = ChatStreamChunk$inboundSchema.parse(dataOf(event));
      expect(chunk).toMatchObject({
        id: "r1",
        created: 5,
        error: { code: errorCodes[code].status },
      });
      expect(chunk.choices[0]?.finishReason).toBe("error");
      expect(event).toMatch(/^data: [\x20-\x7e]+\n\n$/);
    }
  });

  it("is an event for clients of Responses", () => {
    const error = new GatewayError("overloaded", "Later.");
    const event = responses.openRouter.errorEvent(error, { ...stream, events: 3 });
    const [failed = "", raised = ""] = event.split(/(?<=\n\n)/);
    expect(dataOf(failed)).toMatchObject({ type: "response.failed", sequence_number: 3 });
    expect(ErrorEvent$inboundSchema.parse(dataOf(raised))).toMatchObject({
      code: "overloaded",
      sequenceNumber: 4,
    });
    expect(dataOf(raised)).toMatchObject({ error_type: "provider_overloaded" });
  });
});
