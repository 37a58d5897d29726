import { describe, expect, it } from "vitest";
import { GatewayError } from "../../errors.ts";
import { readGemini } from "./read-gemini.ts";

const hi = { contents: [{ role: "user", parts: [{ text: "hi" }] }] };

function prompt(...contents: unknown[]) {
  return readGemini({ contents }).options.prompt;
}

describe("a Gemini request", () => {
  it("may have its names in either form", () => {
    const camel = readGemini({
      systemInstruction: { parts: [{ text: "a" }, { text: "b" }] },
      contents: [{ parts: [{ inlineData: { mimeType: "image/png", data: "a-_=" } }] }],
      generationConfig: { maxOutputTokens: 5, topK: 2 },
    });
    const snake = readGemini({
      system_instruction: { parts: [{ text: "a" }, { text: "b" }] },
      contents: [{ parts: [{ inline_data: { mime_type: "image/png", data: "a+/=" } }] }],
      generation_config: { max_output_tokens: 5, top_k: 2 },
    });
    expect(snake).toEqual(camel);
    expect(camel.options.prompt).toMatchObject([
      { role: "system", content: "a" },
      { role: "system", content: "b" },
      { role: "user", content: [{ mediaType: "image/png", data: { data: "a+/=" } }] },
    ]);
    expect(camel.options).toMatchObject({ maxOutputTokens: 5, topK: 2 });
  });

  it("makes one turn of the pieces that a client kept of a stream", () => {
    const piece = (part: object) => ({ role: "model", parts: [part] });
    const turn = prompt(
      piece({ text: "h", thought: true }),
      piece({ text: "m", thought: true }),
      piece({ text: "", thought: true, thoughtSignature: "proof" }),
      piece({ text: "hel" }),
      piece({ text: "lo" }),
      piece({ functionCall: { name: "f", args: {} }, thoughtSignature: "own" }),
    );
    const google = { thoughtSignature: "proof" };
    expect(turn).toEqual([
      {
        role: "assistant",
        content: [
          {
            type: "reasoning",
            text: "hm",
            providerOptions: { google, anthropic: { signature: "proof" } },
          },
          { type: "text", text: "hello" },
          {
            type: "tool-call",
            toolCallId: "call_1",
            toolName: "f",
            input: {},
            providerOptions: { google: { thoughtSignature: "own" } },
          },
        ],
      },
    ]);
  });

  it("finds the call of each result by its name where there are no ids", () => {
    const calls = ["f", "g", "f"].map((name, at) => ({ functionCall: { name, args: { at } } }));
    const answer = (name: string, response: object) => ({ functionResponse: { name, response } });
    const results = [
      answer("g", { error: "no" }),
      answer("f", { result: "one" }),
      answer("f", { deep: [1] }),
    ];
    const [, tool] = prompt({ role: "model", parts: calls }, { role: "user", parts: results });
    expect(tool?.content).toMatchObject([
      { toolCallId: "call_2", toolName: "g", output: { type: "error-text", value: "no" } },
      { toolCallId: "call_1", toolName: "f", output: { type: "text", value: "one" } },
      { toolCallId: "call_3", toolName: "f", output: { type: "text", value: '{"deep":[1]}' } },
    ]);
  });

  it("writes Google's schemas as JSON Schema", () => {
    const { options } = readGemini({
      ...hi,
      tools: [
        {
          functionDeclarations: [
            {
              name: "f",
              parameters: {
                type: "OBJECT",
                properties: {
                  type: { type: "STRING", nullable: true, enum: ["A"] },
                  list: { type: "ARRAY", minItems: "1", items: { type: "INTEGER" } },
                  any: { anyOf: [{ type: "NUMBER" }, { type: "BOOLEAN" }] },
                },
                propertyOrdering: ["type"],
                required: ["type"],
              },
            },
            { name: "g", parametersJsonSchema: { type: ["object", "null"], nullable: 1 } },
          ],
        },
      ],
    });
    expect(options.tools).toMatchObject([
      {
        name: "f",
        inputSchema: {
          type: "object",
          properties: {
            type: { type: ["string", "null"], enum: ["A", null] },
            list: { type: "array", minItems: 1, items: { type: "integer" } },
            any: { anyOf: [{ type: "number" }, { type: "boolean" }] },
          },
          required: ["type"],
        },
      },
      { name: "g", inputSchema: { type: ["object", "null"], nullable: 1 } },
    ]);
  });

  it.each([
    [{ mode: "AUTO" }, { type: "auto" }, 2],
    [{ mode: "NONE" }, { type: "none" }, 2],
    [{ mode: "ANY" }, { type: "required" }, 2],
    [{ mode: "ANY", allowedFunctionNames: ["g"] }, { type: "tool", toolName: "g" }, 2],
    [{ mode: "VALIDATED", allowedFunctionNames: ["g"] }, { type: "auto" }, 1],
  ])("chooses tools by %j", (config, choice, count) => {
    const { options } = readGemini({
      ...hi,
      tools: [{ functionDeclarations: [{ name: "f" }, { name: "g" }] }],
      toolConfig: { functionCallingConfig: config },
    });
    expect(options.toolChoice).toEqual(choice);
    expect(options.tools).toHaveLength(count);
  });

  it.each([
    [{ thinkingBudget: 0 }, "none", { thinkingBudget: 0, includeThoughts: false }],
    [
      { thinkingBudget: 5000, includeThoughts: true },
      "medium",
      { thinkingBudget: 5000, includeThoughts: true },
    ],
    [{ thinkingBudget: -1 }, undefined, undefined],
    [{ thinkingLevel: "LOW", includeThoughts: true }, "low", { includeThoughts: true }],
  ])("thinks as %j says", (thinkingConfig, effort, google) => {
    const { options } = readGemini({ ...hi, generationConfig: { thinkingConfig } });
    expect(options.reasoning).toBe(effort);
    expect(options.providerOptions?.google?.thinkingConfig).toEqual(google);
  });

  it.each([
    [{ responseMimeType: "text/plain" }, undefined],
    [{ responseMimeType: "application/json" }, { type: "json" }],
    [{ responseJsonSchema: { type: "string" } }, { type: "json", schema: { type: "string" } }],
    [
      { responseMimeType: "application/json", responseSchema: { type: "STRING" } },
      { type: "json", schema: { type: "string" } },
    ],
  ])("answers in the format %j", (config, format) => {
    expect(readGemini({ ...hi, generationConfig: config }).options.responseFormat).toEqual(format);
  });

  it("names what has no place", () => {
    const { dropped } = readGemini({
      contents: [
        ...hi.contents,
        {
          role: "model",
          parts: [
            { executableCode: { language: "PYTHON", code: "1" } },
            { inlineData: { mimeType: "image/png", data: "aGk=" } },
          ],
        },
      ],
      tools: [{ googleSearch: {} }, { functionDeclarations: [], codeExecution: {} }],
      safetySettings: [{ category: "x" }],
      generationConfig: {
        responseLogprobs: true,
        responseModalities: ["IMAGE"],
        responseMimeType: "text/x.enum",
        candidateCount: 1,
      },
    });
    expect(dropped).toEqual([
      "contents[1].parts[0].executableCode",
      "contents[1].parts[1]",
      "tools[0].googleSearch",
      "tools[1].codeExecution",
      "generationConfig.responseMimeType",
      "generationConfig.responseModalities",
      "generationConfig.responseLogprobs",
      "safetySettings",
    ]);
  });

  it.each([
    [{}, "contents"],
    [{ contents: "hi" }, "contents"],
    [{ contents: [{ role: "king", parts: [] }] }, "contents[0].role"],
    [
      { contents: [{ parts: [{ inlineData: { data: "x" } }] }] },
      "contents[0].parts[0].inlineData.mimeType",
    ],
    [
      { contents: [{ parts: [{ fileData: { fileUri: "nowhere" } }] }] },
      "contents[0].parts[0].fileData.fileUri",
    ],
    [
      {
        contents: [
          {
            parts: [
              { fileData: { fileUri: "https://generativelanguage.googleapis.com/v1beta/files/a" } },
            ],
          },
        ],
      },
      "contents[0].parts[0].fileData.fileUri",
    ],
    [
      { contents: [{ role: "model", parts: [{ functionCall: { name: "f", args: "x" } }] }] },
      "contents[0].parts[0].functionCall.args",
    ],
    [{ ...hi, generationConfig: { candidateCount: 2 } }, "generationConfig.candidateCount"],
    [{ ...hi, cachedContent: "cachedContents/a" }, "cachedContent"],
  ])("refuses %j by naming %s", (body, param) => {
    try {
      readGemini(body);
    } catch (error) {
      expect(error).toBeInstanceOf(GatewayError);
      expect(error).toMatchObject({ status: 400, param });
      return;
    }
    throw new Error("it was read");
  });
});

it.each([
  ["https://www.youtube.com/watch?v=a", "video/mp4"],
  ["https://youtu.be/a", "video/mp4"],
  ["https://notyoutube.com/a", "application/octet-stream"],
  ["https://example.com/a.pdf?x=youtu.be/", "application/pdf"],
])("a file at %s without a type is of the type %s", (fileUri, mediaType) => {
  const [message] = prompt({ role: "user", parts: [{ fileData: { fileUri } }] });
  expect(message?.content).toMatchObject([{ type: "file", mediaType }]);
});
