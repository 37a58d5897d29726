import { describe, expect, it } from "vitest";
import { GatewayError } from "../../errors.ts";
import { readChat } from "./read-chat.ts";

const hi = { messages: [{ role: "user", content: "hi" }] };
const tool = { type: "function", function: { name: "f" } };
const png = { url: "data:image/png;base64,aGk=" };

function prompt(...messages: unknown[]) {
  return readChat({ messages }).options.prompt;
}

function refusal(body: Record<string, unknown>): GatewayError {
  try {
    readChat(body);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("it was read");
}

function user(...content: unknown[]) {
  return { messages: [{ role: "user", content }] };
}

describe("a chat request", () => {
  it("has its sampling settings, the newer limit first", () => {
    const { options, dropped } = readChat({
      ...hi,
      max_tokens: 5,
      max_completion_tokens: 7,
      temperature: 0,
      top_p: 0.5,
      top_k: 40,
      presence_penalty: 1,
      frequency_penalty: -1,
      seed: 3,
      stop: ["a", "", "b"],
      user: "ann",
    });
    const { prompt: _, ...settings } = options;
    expect(settings).toEqual({
      maxOutputTokens: 7,
      temperature: 0,
      topP: 0.5,
      topK: 40,
      presencePenalty: 1,
      frequencyPenalty: -1,
      seed: 3,
      stopSequences: ["a", "b"],
      providerOptions: {
        openaiCompatible: { user: "ann" },
        anthropic: { metadata: { userId: "ann" } },
      },
    });
    expect(dropped).toEqual([]);
  });

  it("takes one stop as well as several, and no limit for a limit below none", () => {
    expect(readChat({ ...hi, stop: "x" }).options.stopSequences).toEqual(["x"]);
    expect(readChat({ ...hi, max_tokens: -1 }).options).not.toHaveProperty("maxOutputTokens");
  });

  it("hands on what only servers of its dialect know, and names it", () => {
    const extra = { min_p: 0.1, logit_bias: { 5: 1 }, chat_template_kwargs: { a: true } };
    const { options, dropped } = readChat({ ...hi, ...extra, logprobs: true, store: false });
    expect(options.providerOptions?.openaiCompatible).toEqual({
      ...extra,
      logprobs: true,
      store: false,
    });
    expect(dropped).toEqual(["min_p", "logit_bias", "chat_template_kwargs", "logprobs"]);
  });

  it("keeps system prompts where they stand, one message for each text", () => {
    const texts = [
      { type: "text", text: "a", cache_control: { type: "ephemeral", ttl: "1h" } },
      { type: "text", text: "" },
      { type: "text", text: "b" },
    ];
    const late = { role: "developer", content: "c" };
    expect(prompt({ role: "system", content: texts }, hi.messages[0], late)).toEqual([
      {
        role: "system",
        content: "a",
        providerOptions: { anthropic: { cacheControl: { type: "ephemeral", ttl: "1h" } } },
      },
      { role: "system", content: "b" },
      { role: "user", content: [{ type: "text", text: "hi" }] },
      { role: "system", content: "c" },
    ]);
  });

  it.each([
    ["an image", { type: "image_url", image_url: png }, "image/png", "aGk="],
    ["an image as a bare text", { type: "image_url", image_url: png.url }, "image/png", "aGk="],
    [
      "an image that is not in base64",
      { type: "image_url", image_url: { url: "data:image/svg+xml,%3Csvg/%3E" } },
      "image/svg+xml",
      "PHN2Zy8+",
    ],
    [
      "a PDF",
      { type: "file", file: { file_data: "data:application/pdf;base64,JVBE", filename: "a.pdf" } },
      "application/pdf",
      "JVBE",
    ],
    [
      "a file in bare base64",
      { type: "file", file: { file_data: "YQ==", filename: "a.csv" } },
      "text/csv",
      "YQ==",
    ],
    [
      "a sound",
      { type: "input_audio", input_audio: { data: "UklG", format: "mp3" } },
      "audio/mpeg",
      "UklG",
    ],
  ])("has %s by its content", (_, part, mediaType, data) => {
    const [message] = readChat(user(part)).options.prompt;
    expect(message?.content).toMatchObject([
      { type: "file", mediaType, data: { type: "data", data } },
    ]);
  });

  it.each([
    ["https://x.test/a.webp?b=c", "image/webp"],
    ["https://x.test/a", "image/jpeg"],
  ])("leaves the address %s to the upstream", (url, mediaType) => {
    const [message] = readChat(user({ type: "image_url", image_url: { url } })).options.prompt;
    expect(message?.content).toEqual([
      { type: "file", mediaType, data: { type: "url", url: new URL(url) } },
    ]);
  });

  it("finds the tool of each result, and has all results of a turn in one message", () => {
    const call = (id: string, name: string, args: string) => {
      return { id, type: "function", function: { name, arguments: args } };
    };
    const calls = [call("a", "f", '{"x":1}'), call("b", "g", ""), call("c", "h", "{bad")];
    const [assistant, results] = prompt(
      { role: "assistant", content: null, reasoning_content: "hm", tool_calls: calls },
      { role: "tool", tool_call_id: "b", content: "two" },
      { role: "tool", tool_call_id: "a", content: [{ type: "text", text: "one" }] },
      { role: "tool", tool_call_id: "zz", content: "" },
    );
    expect(assistant?.content).toEqual([
      { type: "reasoning", text: "hm" },
      { type: "tool-call", toolCallId: "a", toolName: "f", input: { x: 1 } },
      { type: "tool-call", toolCallId: "b", toolName: "g", input: {} },
      { type: "tool-call", toolCallId: "c", toolName: "h", input: "{bad" },
    ]);
    const result = (toolCallId: string, toolName: string, value: string) => {
      return { type: "tool-result", toolCallId, toolName, output: { type: "text", value } };
    };
    expect(results).toEqual({
      role: "tool",
      content: [result("b", "g", "two"), result("a", "f", "one"), result("zz", "unknown", "")],
    });
  });

  it("knows the form from before there were tools", () => {
    const { options } = readChat({
      messages: [
        { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
        { role: "function", name: "f", content: "1" },
      ],
      functions: [{ name: "f" }],
      function_call: { name: "f" },
    });
    expect(options.tools).toMatchObject([{ name: "f" }]);
    expect(options.toolChoice).toEqual({ type: "tool", toolName: "f" });
    expect(options.prompt[1]?.content).toMatchObject([{ toolCallId: "call_1", toolName: "f" }]);
  });

  it("leaves out what is empty", () => {
    const empty = [
      { role: "user", content: "" },
      { role: "user", content: [{ type: "text", text: "" }] },
      { role: "assistant", content: null },
    ];
    expect(prompt(...empty, ...hi.messages)).toHaveLength(1);
  });

  it.each([
    ["auto", { type: "auto" }],
    ["none", { type: "none" }],
    ["required", { type: "required" }],
    ["any", { type: "required" }],
    [
      { type: "function", function: { name: "f" } },
      { type: "tool", toolName: "f" },
    ],
  ])("chooses tools by %j", (choice, toolChoice) => {
    const { options } = readChat({ ...hi, tools: [tool], tool_choice: choice });
    expect(options.toolChoice).toEqual(toolChoice);
    const inputSchema = { type: "object", properties: {} };
    expect(options.tools).toEqual([{ type: "function", name: "f", inputSchema }]);
  });

  it("leaves only the tools that are allowed", () => {
    const { options } = readChat({
      ...hi,
      tools: [tool, { type: "function", function: { name: "g", strict: true } }],
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: {
          mode: "required",
          tools: [{ type: "function", function: { name: "g" } }],
        },
      },
      parallel_tool_calls: false,
    });
    expect(options).toMatchObject({
      tools: [{ name: "g", strict: true }],
      toolChoice: { type: "required" },
      providerOptions: {
        openaiCompatible: { parallel_tool_calls: false },
        anthropic: { disableParallelToolUse: true },
      },
    });
  });

  it("says nothing of parallel calls without tools: OpenAI refuses that", () => {
    expect(readChat({ ...hi, parallel_tool_calls: true }).options.providerOptions).toBeUndefined();
  });

  it.each([
    [{ type: "text" }, undefined],
    [{ type: "json_object" }, { type: "json" }],
    [
      { type: "json_schema", json_schema: { name: "n", schema: { type: "object" } } },
      { type: "json", name: "n", schema: { type: "object" } },
    ],
  ])("answers in the format %j", (format, expected) => {
    expect(readChat({ ...hi, response_format: format }).options.responseFormat).toEqual(expected);
  });

  it.each([
    [{ reasoning_effort: "minimal" }, "minimal"],
    [{ reasoning: { effort: "HIGH" } }, "high"],
    [{ reasoning: { enabled: false } }, "none"],
    [{ reasoning: { max_tokens: 5000 } }, "medium"],
  ])("thinks as %j says", (field, effort) => {
    expect(readChat({ ...hi, ...field }).options.reasoning).toBe(effort);
  });

  it("names what has no place", () => {
    const { dropped, told } = readChat({
      messages: [
        { role: "system", content: [{ type: "image_url", image_url: png }] },
        { role: "user", name: "ann", content: [{ type: "hologram" }, { type: "text", text: "x" }] },
        { role: "user", content: [{ type: "image_url", image_url: { ...png, detail: "high" } }] },
        { role: "assistant", content: "y", annotations: [], audio: { id: "q" } },
      ],
      tools: [{ type: "web_search" }],
      tool_choice: { type: "custom", custom: { name: "c" } },
      reasoning_effort: "colossal",
      n: 1,
    });
    expect(dropped).toEqual([
      "messages[0].content",
      "messages[1].content[0]",
      "messages[2].content[0].image_url.detail",
      "messages[3].audio",
      "tools[0]",
      "tool_choice",
      "reasoning_effort",
    ]);
    expect(told).toEqual(["messages[1].name"]);
  });

  it.each([
    [{ ...hi, n: 2 }, "n"],
    [{ messages: [] }, "messages"],
    [{ messages: ["x"] }, "messages[0]"],
    [{ messages: [{ role: "king", content: "x" }] }, "messages[0].role"],
    [{ messages: [{ role: "user", content: 5 }] }, "messages[0].content"],
    [user({ type: "image_url", image_url: 5 }), "messages[0].content[0].image_url"],
    [
      user({ type: "image_url", image_url: { url: "file:///etc/passwd" } }),
      "messages[0].content[0].image_url.url",
    ],
    [user({ type: "file", file: { file_id: "f" } }), "messages[0].content[0].file.file_id"],
    [
      { messages: [{ role: "assistant", tool_calls: [{ function: {} }] }] },
      "messages[0].tool_calls[0].function.name",
    ],
    [{ ...hi, tools: [{ type: "function", function: {} }] }, "tools[0].function.name"],
    [{ ...hi, temperature: "hot" }, "temperature"],
    [{ ...hi, stop: [1] }, "stop[0]"],
    [{ ...hi, response_format: "json" }, "response_format"],
  ])("refuses %j by naming %s", (body, param) => {
    const error = refusal(body);
    expect(error.param).toBe(param);
    expect(error.status).toBe(400);
    expect(error.message).not.toContain("passwd");
  });
});
