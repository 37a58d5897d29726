import { describe, expect, it } from "vitest";
import { GatewayError } from "../../errors.ts";
import { readResponses } from "./read-responses.ts";

function prompt(...input: unknown[]) {
  return readResponses({ input }).options.prompt;
}

function said(text: string) {
  return { type: "message", role: "assistant", content: [{ type: "output_text", text }] };
}

function call(id: string) {
  return { type: "function_call", id: `fc_${id}`, call_id: id, name: "f", arguments: "{}" };
}

describe("a Responses request", () => {
  it("has instructions before its input", () => {
    expect(readResponses({ instructions: "be brief", input: "hi" }).options.prompt).toEqual([
      { role: "system", content: "be brief" },
      { role: "user", content: [{ type: "text", text: "hi" }] },
    ]);
  });

  it("makes one message of a turn's items, and of its results", () => {
    const reasoning = {
      type: "reasoning",
      id: "rs",
      summary: [{ type: "summary_text", text: "hm" }],
      encrypted_content: "proof",
    };
    const output = (id: string) => ({ type: "function_call_output", call_id: id, output: id });
    const turn = [reasoning, said("I look"), call("a"), call("b"), output("b"), output("a")];
    const [assistant, results, end] = prompt(...turn, said("done"));
    expect(assistant?.content).toEqual([
      { type: "reasoning", text: "hm", providerOptions: { anthropic: { signature: "proof" } } },
      { type: "text", text: "I look" },
      { type: "tool-call", toolCallId: "a", toolName: "f", input: {} },
      { type: "tool-call", toolCallId: "b", toolName: "f", input: {} },
    ]);
    expect(results?.content).toMatchObject([{ toolCallId: "b" }, { toolCallId: "a" }]);
    expect(end).toEqual({ role: "assistant", content: [{ type: "text", text: "done" }] });
  });

  it("keeps two messages of the model apart, but not a call from its result", () => {
    expect(prompt(said("a"), said("b"))).toHaveLength(2);
    expect(prompt(said("a"), call("c"), said("b"))).toHaveLength(1);
  });

  it("gives nobody OpenAI's own encrypted thoughts as a signature", () => {
    const sealed = { type: "reasoning", summary: [], encrypted_content: "gAAAAABsecret" };
    const { options, dropped } = readResponses({ input: [sealed, said("x")] });
    expect(options.prompt).toEqual([{ role: "assistant", content: [{ type: "text", text: "x" }] }]);
    expect(dropped).toEqual(["input[0].encrypted_content"]);
  });

  it("has images in results", () => {
    const image = { type: "input_image", image_url: "data:image/png;base64,aGk=" };
    const output = [{ type: "input_text", text: "see" }, image];
    const [, results] = prompt(call("a"), { type: "function_call_output", call_id: "a", output });
    expect(results?.content).toMatchObject([
      {
        output: {
          type: "content",
          value: [
            { type: "text", text: "see" },
            { type: "file", mediaType: "image/png", data: { type: "data", data: "aGk=" } },
          ],
        },
      },
    ]);
  });

  it("has its settings", () => {
    const { options, dropped } = readResponses({
      input: "hi",
      max_output_tokens: 9,
      tools: [{ type: "function", name: "f", parameters: null, strict: null }],
      tool_choice: { type: "function", name: "f" },
      parallel_tool_calls: true,
      text: { format: { type: "json_schema", name: "n", schema: {}, strict: true } },
      reasoning: { effort: "xhigh", summary: "auto" },
      include: ["reasoning.encrypted_content"],
      truncation: "disabled",
      store: false,
      metadata: {},
      prompt_cache_key: "k",
      safety_identifier: "ann",
    });
    expect(options).toMatchObject({
      maxOutputTokens: 9,
      tools: [{ name: "f", inputSchema: { type: "object", properties: {} } }],
      toolChoice: { type: "tool", toolName: "f" },
      responseFormat: { type: "json", name: "n", schema: {} },
      reasoning: "xhigh",
      providerOptions: {
        openaiCompatible: {
          parallel_tool_calls: true,
          strictJsonSchema: true,
          prompt_cache_key: "k",
          user: "ann",
        },
        anthropic: { disableParallelToolUse: false, metadata: { userId: "ann" } },
        google: { thinkingConfig: { includeThoughts: true } },
      },
    });
    expect(dropped).toEqual([]);
  });

  it("names what has no place", () => {
    const { dropped } = readResponses({
      input: [
        { role: "user", content: "hi" },
        { type: "web_search_call", id: "ws", status: "completed" },
        { type: "mcp_call", id: "c", name: "patch" },
      ],
      tools: [{ type: "web_search" }, { type: "mcp", server_label: "m" }],
      include: ["message.output_text.logprobs"],
      truncation: "auto",
      max_tool_calls: 3,
      store: true,
    });
    expect(dropped).toEqual([
      "input[1]",
      "input[2]",
      "tools[0]",
      "tools[1]",
      "include[0]",
      "truncation",
      "max_tool_calls",
      "store",
    ]);
  });

  it.each([
    [{ input: "hi", previous_response_id: "resp_1" }, "previous_response_id"],
    [{ input: "hi", conversation: { id: "c" } }, "conversation"],
    [{ input: "hi", background: true }, "background"],
    [{ prompt: { id: "p" } }, "prompt"],
    [{ input: [{ type: "item_reference", id: "x" }] }, "input[0]"],
    [{}, "input"],
    [{ input: 5 }, "input"],
    [{ input: [{ role: "tool", content: "x" }] }, "input[0].role"],
    [
      { input: [{ role: "user", content: [{ type: "input_image", file_id: "f" }] }] },
      "input[0].content[0].file_id",
    ],
    [{ input: [{ type: "function_call", call_id: "c" }] }, "input[0].name"],
    [{ input: "hi", text: { format: "json" } }, "text.format"],
  ])("refuses %j by naming %s", (body, param) => {
    try {
      readResponses(body);
    } catch (error) {
      expect(error).toBeInstanceOf(GatewayError);
      expect(error).toMatchObject({ status: 400, param });
      return;
    }
    throw new Error("it was read");
  });
});
