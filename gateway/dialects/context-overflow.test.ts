import { describe, expect, it } from "vitest";
import { dialects } from "./all.ts";
import { upstreamRejection } from "./upstream-rejection.ts";

/** What servers answer to a prompt that is too long: status, body, tokens as they tell them. */
const answers: readonly [string, number, object, string | null][] = [
  [
    "llama.cpp",
    400,
    {
      error: {
        code: 400,
        message: "request (24071 tokens) exceeds the available context size (8192 tokens)",
        type: "exceed_context_size_error",
        n_prompt_tokens: 24071,
        n_ctx: 8192,
      },
    },
    "24071 tokens > 8192 maximum",
  ],
  [
    "OpenAI's chat",
    400,
    {
      error: {
        message: "This model's maximum context length is 8192 tokens. Your messages have 9001.",
        type: "invalid_request_error",
        code: "context_length_exceeded",
      },
    },
    "9001 tokens > 8192 maximum",
  ],
  [
    "OpenAI's Responses",
    400,
    { error: { message: "Your input exceeds the context window of this model." } },
    null,
  ],
  [
    "Anthropic",
    400,
    {
      type: "error",
      error: {
        type: "invalid_request_error",
        message: "prompt is too long: 208380 tokens > 200000 maximum",
      },
    },
    "208380 tokens > 200000 maximum",
  ],
  [
    "Gemini",
    400,
    {
      error: {
        code: 400,
        status: "INVALID_ARGUMENT",
        message: "The input token count (1200000) exceeds the maximum allowed (1048576).",
      },
    },
    "1200000 tokens > 1048576 maximum",
  ],
  [
    "vLLM",
    400,
    { object: "error", message: "This model's maximum context length is 4096 tokens." },
    null,
  ],
  ["Ollama", 500, { error: "the input length exceeds the context length" }, null],
];

describe.each(answers)("a prompt that is too long for %s", (_server, status, body, tokens) => {
  const error = upstreamRejection(status, Buffer.from(JSON.stringify(body)), "application/json");
  const shown = (dialect: "chat" | "messages" | "gemini") =>
    JSON.parse(dialects[dialect].errors.body(error, "r-1")).error;

  it("is a 400 with the code that chat's agents look for", () => {
    expect(error.status).toBe(400);
    expect(shown("chat").code).toBe("context_length_exceeded");
  });

  it("is what Claude Code looks for", () => {
    expect(shown("messages").type).toBe("invalid_request_error");
    expect(shown("messages").message).toContain(`prompt is too long: ${tokens ?? ""}`);
  });

  it("is what Gemini's clients look for", () => {
    expect(shown("gemini").message).toMatch(/input token count .*exceeds/);
  });
});

it("is not seen in other errors", () => {
  for (const message of ["context is missing", "max_tokens is too large: 9000", "Bad window."]) {
    const body = Buffer.from(JSON.stringify({ error: { message } }));
    expect(upstreamRejection(400, body, "application/json").shownCode).toBe("upstream_rejected");
  }
});
