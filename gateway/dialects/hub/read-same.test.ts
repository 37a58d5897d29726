import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMessages } from "../anthropic/read-messages.ts";
import { readGemini } from "../gemini/read-gemini.ts";
import { readChat } from "../openai-chat/read-chat.ts";
import { readResponses } from "../openai-responses/read-responses.ts";
import type { HubRequest } from "./hub.ts";

/** A conversation as nobody writes it, to be written in each dialect. */
type Said = { text: string } | { image: string } | { address: string };
type Call = { id: string; name: string; args: object; result: string };
type Turn = { user: Said[]; thought: string; answer: string; calls: Call[] };
type Talk = { system: string[]; turns: Turn[] };

const text = fc.string({ minLength: 1, maxLength: 12 });
const said: fc.Arbitrary<Said> = fc.oneof(
  fc.record({ text }),
  fc.record({ image: fc.constantFrom("aGk=", "aW1hZ2U=") }),
  fc.record({ address: fc.constantFrom("https://x.test/a.png", "https://x.test/b.png?c=d") }),
);
const call = fc.record({
  name: fc.constantFrom("look", "read_file", "add"),
  args: fc.dictionary(fc.constantFrom("a", "b", "c"), fc.oneof(fc.integer(), fc.string())),
  result: fc.string(),
});
const talk: fc.Arbitrary<Talk> = fc
  .record({
    system: fc.array(text, { maxLength: 2 }),
    turns: fc.array(
      fc.record({
        user: fc.array(said, { minLength: 1, maxLength: 3 }),
        thought: fc.oneof(fc.constant(""), text),
        answer: fc.oneof(fc.constant(""), text),
        calls: fc.array(call, { maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  })
  .map(({ system, turns }) => {
    let made = 0;
    const withIds = turns.map((turn) => ({
      ...turn,
      calls: turn.calls.map((one) => ({ ...one, id: `toolu_${++made}` })),
    }));
    return { system, turns: withIds };
  });

const dataUrl = (data: string): string => `data:image/png;base64,${data}`;

function inChat({ system, turns }: Talk) {
  const content = (one: Said): object => {
    if ("text" in one) return { type: "text", text: one.text };
    const url = "image" in one ? dataUrl(one.image) : one.address;
    return { type: "image_url", image_url: { url } };
  };
  return {
    messages: [
      { role: "system", content: system.map((one) => ({ type: "text", text: one })) },
      ...turns.flatMap((turn) => [
        { role: "user", content: turn.user.map(content) },
        {
          role: "assistant",
          content: turn.answer || null,
          reasoning_content: turn.thought,
          tool_calls: turn.calls.map((one) => ({
            id: one.id,
            type: "function",
            function: { name: one.name, arguments: JSON.stringify(one.args) },
          })),
        },
        ...turn.calls.map((one) => ({ role: "tool", tool_call_id: one.id, content: one.result })),
      ]),
    ],
  };
}

function inResponses({ system, turns }: Talk) {
  const content = (one: Said): object => {
    if ("text" in one) return { type: "input_text", text: one.text };
    return { type: "input_image", image_url: "image" in one ? dataUrl(one.image) : one.address };
  };
  return {
    input: [
      ...system.map((one) => ({ role: "developer", content: one })),
      ...turns.flatMap((turn) => [
        { role: "user", content: turn.user.map(content) },
        { type: "reasoning", summary: [{ type: "summary_text", text: turn.thought }] },
        {
          type: "message",
          role: "assistant",
          content: [{ type: "output_text", text: turn.answer, annotations: [] }],
        },
        ...turn.calls.map((one) => ({
          type: "function_call",
          call_id: one.id,
          name: one.name,
          arguments: JSON.stringify(one.args),
        })),
        ...turn.calls.map((one) => ({
          type: "function_call_output",
          call_id: one.id,
          output: one.result,
        })),
      ]),
    ],
  };
}

function inMessages({ system, turns }: Talk) {
  const content = (one: Said): object => {
    if ("text" in one) return { type: "text", text: one.text };
    if ("address" in one) return { type: "image", source: { type: "url", url: one.address } };
    return { type: "image", source: { type: "base64", media_type: "image/png", data: one.image } };
  };
  const messages: { role: string; content: object[] }[] = [];
  let results: object[] = [];
  for (const turn of turns) {
    messages.push({ role: "user", content: [...turn.user.map(content), ...results] });
    messages.push({
      role: "assistant",
      content: [
        { type: "thinking", thinking: turn.thought, signature: "" },
        { type: "text", text: turn.answer },
        ...turn.calls.map(({ id, name, args }) => ({ type: "tool_use", id, name, input: args })),
      ],
    });
    results = turn.calls.map((one) => {
      return { type: "tool_result", tool_use_id: one.id, content: one.result };
    });
  }
  messages.push({ role: "user", content: results });
  return { system: system.map((one) => ({ type: "text", text: one })), messages };
}

function inGemini({ system, turns }: Talk) {
  const content = (one: Said): object => {
    if ("text" in one) return { text: one.text };
    if ("image" in one) return { inlineData: { mimeType: "image/png", data: one.image } };
    return { file_data: { mime_type: "image/png", file_uri: one.address } };
  };
  return {
    system_instruction: { parts: system.map((one) => ({ text: one })) },
    contents: turns.flatMap((turn) => [
      { role: "user", parts: turn.user.map(content) },
      {
        role: "model",
        parts: [
          { text: turn.thought, thought: true },
          { text: turn.answer },
          ...turn.calls.map(({ id, name, args }) => ({ functionCall: { id, name, args } })),
        ],
      },
      {
        role: "user",
        parts: turn.calls.map((one) => ({
          functionResponse: { id: one.id, name: one.name, response: { output: one.result } },
        })),
      },
    ]),
  };
}

function read(request: HubRequest) {
  return { prompt: request.options.prompt, dropped: request.dropped };
}

describe("one conversation in four dialects", () => {
  it("reads to one prompt, with nothing dropped", () => {
    fc.assert(
      fc.property(talk, (one) => {
        const chat = read(readChat(inChat(one)));
        expect(chat.dropped).toEqual([]);
        expect(read(readResponses(inResponses(one)))).toEqual(chat);
        expect(read(readMessages(inMessages(one)))).toEqual(chat);
        expect(read(readGemini(inGemini(one)))).toEqual(chat);
      }),
      { numRuns: 200 },
    );
  });

  it("has the same tools, choice and limits in each", () => {
    const schema = { type: "object", properties: { path: { type: "string" } } };
    const talked: Talk = {
      system: [],
      turns: [{ user: [{ text: "hi" }], thought: "", answer: "", calls: [] }],
    };
    const named = { name: "look", description: "Looks." };
    const { name } = named;
    const shared = { temperature: 0.5, top_p: 0.9 };
    const readings = [
      readChat({
        ...inChat(talked),
        ...shared,
        max_tokens: 77,
        tools: [{ type: "function", function: { ...named, parameters: schema } }],
        tool_choice: { type: "function", function: { name } },
        response_format: { type: "json_schema", json_schema: { schema } },
        reasoning_effort: "low",
      }),
      readResponses({
        ...inResponses(talked),
        ...shared,
        max_output_tokens: 77,
        tools: [{ type: "function", ...named, parameters: schema }],
        tool_choice: { type: "function", name },
        text: { format: { type: "json_schema", schema } },
        reasoning: { effort: "low" },
      }),
      readMessages({
        ...inMessages(talked),
        ...shared,
        max_tokens: 77,
        tools: [{ ...named, input_schema: schema }],
        tool_choice: { type: "tool", name },
        output_config: { format: { type: "json_schema", schema } },
        thinking: { type: "enabled", budget_tokens: 2000 },
      }),
      readGemini({
        ...inGemini(talked),
        tools: [
          {
            functionDeclarations: [
              {
                ...named,
                parameters: { type: "OBJECT", properties: { path: { type: "STRING" } } },
              },
            ],
          },
        ],
        toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: [name] } },
        generationConfig: {
          temperature: 0.5,
          topP: 0.9,
          maxOutputTokens: 77,
          responseMimeType: "application/json",
          responseSchema: { type: "OBJECT", properties: { path: { type: "STRING" } } },
          thinkingConfig: { thinkingBudget: 2000 },
        },
      }),
    ];
    const bare = readings.map(({ options: { providerOptions: _, ...rest }, dropped }) => {
      return { ...rest, dropped };
    });
    for (const one of bare) expect(one).toEqual(bare[0]);
    expect(bare[0]).toMatchObject({
      maxOutputTokens: 77,
      temperature: 0.5,
      topP: 0.9,
      toolChoice: { type: "tool", toolName: "look" },
      responseFormat: { type: "json", schema },
      reasoning: "low",
      dropped: [],
    });
  });
});
