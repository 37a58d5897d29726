import { describe, expect, it } from "vitest";
import { GatewayError } from "../../errors.ts";
import { readMessages } from "./read-messages.ts";

const hi = { messages: [{ role: "user", content: "hi" }] };
const ephemeral = { type: "ephemeral" };
const cached = { anthropic: { cacheControl: ephemeral } };

function user(...content: unknown[]) {
  return { messages: [{ role: "user", content }] };
}

describe("a Messages request", () => {
  it("has a system message for each block, with its mark for the cache", () => {
    const system = [
      { type: "text", text: "a", cache_control: ephemeral },
      { type: "text", text: "b" },
    ];
    expect(readMessages({ ...hi, system }).options.prompt).toMatchObject([
      { role: "system", content: "a", providerOptions: cached },
      { role: "system", content: "b" },
      { role: "user" },
    ]);
    expect(readMessages({ ...hi, system: "a" }).options.prompt).toHaveLength(2);
  });

  it("has a document of plain text in a result as text", () => {
    const source = { type: "text", media_type: "text/plain", data: "the text" };
    const result = { tool_use_id: "a", content: [{ type: "document", source }] };
    const calls = { role: "assistant", content: [{ type: "tool_use", id: "a", name: "f" }] };
    const answer = { role: "user", content: [{ type: "tool_result", ...result }] };
    const { prompt } = readMessages({ messages: [calls, answer] }).options;
    expect(prompt.at(-1)).toMatchObject({
      content: [{ output: { type: "text", value: "the text" } }],
    });
  });

  it("keeps thoughts with their signatures", () => {
    const content = [
      { type: "thinking", thinking: "hm", signature: "proof" },
      { type: "redacted_thinking", data: "secret" },
      { type: "thinking", thinking: "unsigned", signature: "" },
      { type: "text", text: "" },
      { type: "text", text: "a" },
    ];
    const [message] = readMessages({ messages: [{ role: "assistant", content }] }).options.prompt;
    expect(message?.content).toEqual([
      { type: "reasoning", text: "hm", providerOptions: { anthropic: { signature: "proof" } } },
      { type: "reasoning", text: "", providerOptions: { anthropic: { redactedData: "secret" } } },
      { type: "reasoning", text: "unsigned" },
      { type: "text", text: "a" },
    ]);
  });

  it("puts all results of a turn before what the user says", () => {
    const use = (id: string) => ({ type: "tool_use", id, name: "f", input: { id } });
    const image = { type: "base64", media_type: "image/png", data: "aGk=" };
    const blocks = [
      { type: "text", text: "and now?" },
      { type: "tool_result", tool_use_id: "b", is_error: true, content: "no" },
      {
        type: "tool_result",
        tool_use_id: "a",
        content: [{ type: "image", source: image }],
        cache_control: ephemeral,
      },
      { type: "tool_result", tool_use_id: "c" },
    ];
    const { options } = readMessages({
      messages: [
        { role: "assistant", content: [use("a"), use("b"), use("c")] },
        { role: "user", content: blocks },
      ],
    });
    const result = { type: "tool-result", toolName: "f" };
    const file = { type: "file", mediaType: "image/png", data: { type: "data", data: "aGk=" } };
    expect(options.prompt.slice(1)).toEqual([
      {
        role: "tool",
        content: [
          { ...result, toolCallId: "b", output: { type: "error-text", value: "no" } },
          {
            ...result,
            toolCallId: "a",
            output: { type: "content", value: [file] },
            providerOptions: cached,
          },
          { ...result, toolCallId: "c", output: { type: "text", value: "" } },
        ],
      },
      { role: "user", content: [{ type: "text", text: "and now?" }] },
    ]);
  });

  it("has documents of every kind", () => {
    const { options, dropped } = readMessages(
      user(
        {
          type: "document",
          title: "T",
          context: "C",
          source: { type: "text", media_type: "text/plain", data: "words" },
          citations: { enabled: false },
        },
        { type: "document", source: { type: "base64", media_type: "application/pdf", data: "JV" } },
        { type: "document", source: { type: "url", url: "https://x.test/a.pdf" } },
        { type: "document", source: { type: "content", content: [{ type: "text", text: "in" }] } },
        {
          type: "search_result",
          source: "s",
          title: "t",
          content: [{ type: "text", text: "found" }],
        },
      ),
    );
    expect(options.prompt[0]?.content).toEqual([
      { type: "text", text: "Title of the document: T\nContext of the document: C" },
      {
        type: "file",
        mediaType: "text/plain",
        filename: "T",
        data: { type: "text", text: "words" },
      },
      { type: "file", mediaType: "application/pdf", data: { type: "data", data: "JV" } },
      {
        type: "file",
        mediaType: "application/pdf",
        data: { type: "url", url: new URL("https://x.test/a.pdf") },
      },
      { type: "text", text: "in" },
      { type: "text", text: "t\ns\nfound" },
    ]);
    expect(dropped).toEqual([]);
  });

  it("has its settings", () => {
    const { options, dropped } = readMessages({
      ...hi,
      max_tokens: 9000,
      temperature: 1,
      top_k: 5,
      stop_sequences: ["x"],
      tools: [{ name: "f", input_schema: { type: "object" }, cache_control: ephemeral }],
      tool_choice: { type: "any", disable_parallel_tool_use: true },
      thinking: { type: "enabled", budget_tokens: 5000 },
      metadata: { user_id: "ann" },
      output_config: { format: { type: "json_schema", schema: { type: "object" } } },
    });
    expect(options).toMatchObject({
      maxOutputTokens: 9000,
      temperature: 1,
      topK: 5,
      stopSequences: ["x"],
      tools: [{ name: "f", inputSchema: { type: "object" }, providerOptions: cached }],
      toolChoice: { type: "required" },
      reasoning: "medium",
      responseFormat: { type: "json", schema: { type: "object" } },
      providerOptions: {
        openaiCompatible: {
          user: "ann",
          parallel_tool_calls: false,
          strictJsonSchema: false,
        },
        anthropic: {
          thinking: { type: "enabled", budgetTokens: 5000 },
          disableParallelToolUse: true,
          metadata: { userId: "ann" },
        },
        google: { thinkingConfig: { thinkingBudget: 5000, includeThoughts: true } },
      },
    });
    expect(dropped).toEqual([]);
  });

  it.each([
    [{ thinking: { type: "disabled" } }, "none"],
    [{ thinking: { type: "disabled" }, output_config: { effort: "high" } }, "none"],
    [{ thinking: { type: "adaptive" } }, undefined],
    [{ thinking: { type: "adaptive" }, output_config: { effort: "max" } }, "max"],
    [{ thinking: { type: "enabled", budget_tokens: 1024 } }, "low"],
    [{ thinking: { type: "enabled", budget_tokens: 4096 } }, "medium"],
    [{ thinking: { type: "enabled", budget_tokens: 16_384 } }, "high"],
  ])("thinks as %j says", (fields, effort) => {
    expect(readMessages({ ...hi, ...fields }).options.reasoning).toBe(effort);
  });

  it("names what has no place", () => {
    const { dropped } = readMessages({
      messages: [
        { role: "user", content: [{ type: "container_upload", file_id: "f" }] },
        {
          role: "assistant",
          content: [
            { type: "server_tool_use", id: "s", name: "web_search", input: {} },
            { type: "text", text: "a", citations: [{ type: "char_location" }] },
          ],
        },
      ],
      tools: [{ type: "web_search_20250305", name: "web_search" }],
      mcp_servers: [{ type: "url" }],
      context_management: { edits: [] },
      service_tier: "auto",
      betas: [],
    });
    expect(dropped).toEqual([
      "messages[0].content[0]",
      "messages[1].content[0]",
      "messages[1].content[1].citations",
      "tools[0]",
      "mcp_servers",
      "context_management",
      "service_tier",
    ]);
  });

  it.each([
    [{ messages: [] }, "messages"],
    [{ messages: [{ role: "tool", content: "x" }] }, "messages[0].role"],
    [user({ type: "image" }), "messages[0].content[0].source"],
    [
      user({ type: "image", source: { type: "file", file_id: "f" } }),
      "messages[0].content[0].source.file_id",
    ],
    [
      user({ type: "image", source: { type: "url", url: "x" } }),
      "messages[0].content[0].source.url",
    ],
    [
      { messages: [{ role: "assistant", content: [{ type: "tool_use", id: "a" }] }] },
      "messages[0].content[0].name",
    ],
    [{ ...hi, thinking: { type: "enabled" } }, "thinking.budget_tokens"],
    [{ ...hi, tool_choice: { type: "some" } }, "tool_choice.type"],
    [{ ...hi, tool_choice: "auto" }, "tool_choice"],
    [{ ...hi, tools: [{ input_schema: {} }] }, "tools[0].name"],
    [{ ...hi, max_tokens: 1.5 }, "max_tokens"],
  ])("refuses %j by naming %s", (body, param) => {
    try {
      readMessages(body);
    } catch (error) {
      expect(error).toBeInstanceOf(GatewayError);
      expect(error).toMatchObject({ status: 400, param });
      return;
    }
    throw new Error("it was read");
  });
});
