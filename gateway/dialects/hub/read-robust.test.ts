import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../errors.ts";
import type { JsonObject } from "../../json-object.ts";
import { readMessages } from "../anthropic/read-messages.ts";
import { readGemini } from "../gemini/read-gemini.ts";
import { readChat } from "../openai-chat/read-chat.ts";
import { readResponses } from "../openai-responses/read-responses.ts";
import type { HubRequest } from "./hub.ts";

const readers: Record<string, (body: JsonObject) => HubRequest> = {
  chat: readChat,
  responses: readResponses,
  messages: readMessages,
  gemini: readGemini,
};

/** Words of all four, so that wrong values stand where a reader looks. */
const names = fc.constantFrom(
  ..."messages role content type text image_url url detail file file_data file_id input_audio".split(
    " ",
  ),
  ..."tool_calls function name arguments tool_call_id id reasoning reasoning_content".split(" "),
  ..."input instructions call_id output summary encrypted_content input_text".split(" "),
  ..."system source data media_type thinking signature tool_use_id is_error title".split(" "),
  ..."contents parts inlineData fileData mimeType fileUri functionCall functionResponse".split(" "),
  ..."args response thought thoughtSignature systemInstruction generationConfig".split(" "),
  ..."thinkingConfig thinkingBudget responseSchema properties items toolConfig mode".split(" "),
  ..."tools tool_choice parameters input_schema functionDeclarations response_format".split(" "),
  ..."format schema json_schema cache_control stop seed max_tokens user metadata n".split(" "),
  ..."output_config effort budget_tokens include truncation allowed_tools constructor".split(" "),
  ..."__proto__ toString hasOwnProperty tool_calls".split(" "),
);
const words = fc.constantFrom(
  ..."user assistant system developer tool function model text image_url input_audio".split(" "),
  ..."file refusal message function_call function_call_output reasoning item_reference".split(" "),
  ..."input_text output_text input_image input_file image document thinking".split(" "),
  ..."redacted_thinking tool_use tool_result search_result base64 url content custom".split(" "),
  ..."enabled adaptive disabled json_schema json_object auto any none required".split(" "),
  ..."allowed_tools ANY VALIDATED OBJECT STRING ephemeral constructor __proto__".split(" "),
  ..."data:image/png;base64,aGk= data: data:,%E0%A4%A https://a.test/b.png http:// {}".split(" "),
);

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, 1, -1, 2.5, ""),
    words,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(names, tie("value"), { maxKeys: 7 }),
  ),
}));
const request = fc.dictionary(names, value, { maxKeys: 8 });

function readsOrRefuses(read: (body: JsonObject) => HubRequest, body: JsonObject): void {
  try {
    const { options, dropped } = read(body);
    expect(options.prompt.length).toBeGreaterThan(0);
    for (const path of dropped) expect(path).toMatch(/^[\w$?.[\]-]{1,400}$/);
    JSON.stringify(options);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    expect(error.status).toBe(400);
  }
}

/** A plain question, so that the rest of a body is read as well. */
const questions: Record<string, JsonObject> = {
  chat: { messages: [{ role: "user", content: "hi" }] },
  responses: { input: "hi" },
  messages: { messages: [{ role: "user", content: "hi" }] },
  gemini: { contents: [{ parts: [{ text: "hi" }] }] },
};

describe.each(Object.keys(readers))("the reader of %s", (name) => {
  const read = readers[name]!;
  const question = questions[name]!;

  it("takes any JSON object or refuses it with 400", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
        readsOrRefuses(read, { ...body, ...question });
      }),
    );
  });

  it("takes its own words in any order or refuses them with 400", () => {
    fc.assert(
      fc.property(request, (body) => {
        readsOrRefuses(read, body);
        readsOrRefuses(read, { ...body, ...question });
      }),
      { numRuns: 1500 },
    );
  });

  it("reads a value that brings a toString of its own as any other wrong value", () => {
    const own = { toString: 1, valueOf: 1 };
    for (const choice of [{ type: own }, { type: "allowed_tools", tools: [{ type: own }] }]) {
      readsOrRefuses(read, { ...question, tool_choice: choice, tools: [{ type: own }] });
    }
    const grammar = { type: "grammar", syntax: own, definition: own };
    readsOrRefuses(read, { ...question, tools: [{ type: "custom", name: "a", format: grammar }] });
    readsOrRefuses(read, { ...question, metadata: { user_id: own }, user: own });
  });

  it("takes a list of anything as the conversation or refuses it with 400", () => {
    const [field] = Object.keys(question);
    fc.assert(
      fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), (items) => {
        readsOrRefuses(read, { [field ?? ""]: items });
      }),
      { numRuns: 1500 },
    );
  });

  it("leaves the request as it was", () => {
    fc.assert(
      fc.property(request, (body) => {
        const before = JSON.stringify(body);
        readsOrRefuses(read, { ...body, ...question });
        expect(JSON.stringify(body)).toBe(before);
      }),
    );
  });

  it("refuses brackets that would end the stack", () => {
    const deep: unknown = JSON.parse(`${"[".repeat(30_000)}${"]".repeat(30_000)}`);
    expect(() => read({ ...question, tools: deep })).toThrow(GatewayError);
  });

  it("counts null as absent", () => {
    const nulls = Object.fromEntries(
      "n temperature top_p stop seed tools tool_choice user metadata system thinking instructions reasoning text include truncation previous_response_id generationConfig toolConfig systemInstruction"
        .split(" ")
        .map((field) => [field, null]),
    );
    const { options, dropped } = read({ ...nulls, ...question });
    expect(Object.keys(options)).toEqual(["prompt"]);
    expect(dropped).toEqual([]);
  });

  it("names what it does not know, without line ends and not without end", () => {
    const strange = { "a\r\nset-cookie: b": 1, ["x".repeat(500)]: 1 };
    const more = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`field${at}`, 1]));
    const { dropped } = read({ ...strange, ...more, ...question });
    expect(dropped).toHaveLength(50);
    expect(dropped[0]).toBe("a??set-cookie??b");
    expect(dropped[1]).toBe("x".repeat(64));
  });
});

it("arguments that hold too many brackets stay the text that they are", () => {
  const text = `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`;
  const call = { id: "c", type: "function", function: { name: "f", arguments: text } };
  const { options } = readChat({ messages: [{ role: "assistant", tool_calls: [call] }] });
  const [message] = options.prompt;
  expect(message?.role === "assistant" && message.content[0]).toMatchObject({ input: text });
});

describe("hundreds of thousands of pieces", () => {
  const many = 150_000;
  const times = <T>(make: (at: number) => T): T[] =>
    Array.from({ length: many }, (_, at) => make(at));
  const lists: [string, () => HubRequest][] = [
    [
      "results that answer nothing",
      () => {
        const calls = times(() => ({ functionCall: { name: "f" } }));
        const results = times(() => ({ functionResponse: { name: "g" } }));
        const contents = [{ role: "model", parts: calls }, { parts: results }];
        return readGemini({ contents });
      },
    ],
    [
      "items of a turn",
      () => {
        const text = { type: "output_text", text: "a" };
        const said = { role: "assistant", content: times(() => text) };
        const call = { type: "function_call", name: "f" };
        return readResponses({ input: [said, ...times(() => call), said] });
      },
    ],
    [
      "blocks",
      () => {
        const content = times(() => ({ type: "text", text: "a" }));
        const inside = { type: "document", source: { type: "content", content } };
        const results = times((at) => ({ type: "tool_result", tool_use_id: `${at}` }));
        const user = { role: "user", content: [inside, ...results] };
        return readMessages({ system: content, messages: [user, user] });
      },
    ],
    [
      "parts",
      () => {
        const content = times(() => ({ type: "text", text: "a" }));
        const results = times(() => ({ role: "tool", content: "x" }));
        return readChat({ messages: [{ role: "assistant", content }, ...results] });
      },
    ],
  ];

  it.each(lists)(
    "are read one by one: %s",
    (_, read) => {
      expect(read().options.prompt.length).toBeGreaterThan(0);
    },
    60_000,
  );
});
