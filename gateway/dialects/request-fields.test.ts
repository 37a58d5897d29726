import { describe, expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import { recordedRequest } from "../test/fixtures/recorded.ts";
import { type DialectName, dialects } from "./all.ts";
import { json } from "./json/json-framing.ts";
import { sse } from "./sse/sse-framing.ts";

function readFields(dialect: DialectName, bytes: Buffer) {
  return dialects[dialect].request.read(bytes, { path: "", query: "" });
}

const hello = [{ role: "user", content: "hello" }];

function read(dialect: DialectName, body: unknown) {
  return readFields(dialect, Buffer.from(JSON.stringify(body)));
}

function refusal(dialect: DialectName, bytes: Buffer | string): GatewayError {
  try {
    readFields(dialect, Buffer.from(bytes));
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("let through");
}

/** The field named for a chat request with these fields, or null where it is let through. */
function fault(fields: Record<string, unknown>, dialect: DialectName = "chat"): string | null {
  try {
    read(dialect, dialect === "chat" ? { messages: hello, ...fields } : fields);
    return null;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    expect(error).toMatchObject({ code: "invalid_request", status: 400 });
    expect(error.message).toContain(`'${error.param}'`);
    return error.param;
  }
}

describe("readFields", () => {
  it("reads what the gateway needs", () => {
    const body = {
      model: "gpt-4o",
      messages: [...hello, { role: "assistant", content: [{ type: "text", text: "abc" }] }],
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 100,
      max_completion_tokens: 50,
      n: 2,
    };
    expect(read("chat", body)).toEqual({
      model: "gpt-4o",
      otherModels: [],
      returnsProgress: false,
      losesInStream: false,
      stored: null,
      framing: sse,
      stream: true,
      includeUsage: true,
      maxTokens: 50,
      n: 2,
      prompts: 1,
      inputChars: 8,
    });
  });

  it("takes null for absent, everywhere", () => {
    const names = "model stream stream_options max_tokens temperature stop n tools".split(" ");
    const body = Object.fromEntries(names.map((name) => [name, null]));
    expect(read("chat", { messages: hello, ...body })).toEqual({
      model: null,
      otherModels: [],
      returnsProgress: false,
      losesInStream: false,
      stored: null,
      framing: json,
      stream: false,
      includeUsage: false,
      maxTokens: null,
      n: 1,
      prompts: 1,
      inputChars: 5,
    });
  });

  it.each<[string, DialectName]>([
    ["chat", "chat"],
    ["chat-stream-usage", "chat"],
    ["completions-stream", "completions"],
    ["messages-stream", "messages"],
    ["responses-stream", "responses"],
    ["error-too-long-stream", "chat"],
  ])("takes the recorded request %s", (name, dialect) => {
    const fields = readFields(dialect, recordedRequest(name));
    expect(fields.stream).toBe(name.includes("stream"));
    expect(fields.inputChars).toBeGreaterThan(0);
  });

  it("counts the prompts of a text completion: a list of numbers is one", () => {
    const prompts = (prompt: unknown) => read("completions", { prompt }).prompts;
    expect([prompts("a"), prompts(["a", "b"]), prompts([1, 2, 3]), prompts([[1], [2]])]).toEqual([
      1, 2, 1, 2,
    ]);
  });

  it("lets llama-server's n_predict win, as it does there", () => {
    expect(read("completions", { prompt: "a", n_predict: 5, max_tokens: 9 }).maxTokens).toBe(5);
    expect(read("chat", { messages: hello, n_predict: -1, max_tokens: 9 }).maxTokens).toBe(null);
    expect(read("chat", { messages: hello, n_predict: "odd", max_tokens: 9 }).maxTokens).toBe(9);
  });

  it("takes a limit that no context has for none, so that no sum of such becomes infinite", () => {
    expect(read("chat", { messages: hello, max_tokens: 1e9 }).maxTokens).toBe(1e9);
    for (const max_tokens of [1e9 + 1, 1e308]) {
      expect(read("chat", { messages: hello, max_tokens }).maxTokens).toBeNull();
      expect(read("chat", { messages: hello, n_predict: max_tokens }).maxTokens).toBeNull();
    }
  });

  it("has the last of duplicate keys, as upstreams do", () => {
    const text = '{"messages":[{"role":"user"}],"stream":false,"stream":true}';
    expect(readFields("chat", Buffer.from(text)).stream).toBe(true);
  });

  it("accepts a BOM, big integers and unknown fields", () => {
    const text =
      '\ufeff{"messages":[{"role":"user","content":"é"}],"seed":9007199254740993,"zz":{}}';
    expect(readFields("chat", Buffer.from(text)).inputChars).toBe(1);
  });
});

describe("a body that is no JSON object", () => {
  it.each([
    ["", "empty"],
    ["   ", "ends too early, after 3"],
    ['{"model":"SECRET', "ends too early, after 16"],
    ['{"model":SECRET}', "character 9 (line 1, column 10)"],
    ['{\n"a":1,\n"SECRET" 2}', "character 18 (line 3, column 10)"],
    ["SECRET", "character 0"],
    ['{"a":"SECRET\n"}', "character 12"],
  ])("%j is refused by place, and never quoted", (text, where) => {
    const error = refusal("chat", text);
    expect(error).toMatchObject({ code: "invalid_json", status: 400 });
    expect(error.message).toContain(where);
    expect(error.message).not.toContain("SECRET");
    expect(error.cause).toBeUndefined();
  });

  it("is refused where it is not UTF-8, so that no lenient reading makes it another prompt", () => {
    const bytes = Buffer.from('{"messages":[{"role":"user","content":"\xff"}]}', "latin1");
    expect(refusal("chat", bytes)).toMatchObject({ code: "invalid_json" });
    expect(refusal("chat", Buffer.from([0x7b, 0xc3]))).toMatchObject({ code: "invalid_json" });
  });

  it.each(["[]", "null", "5", '"x"', "true"])("%s is refused", (text) => {
    expect(refusal("chat", text)).toMatchObject({ code: "invalid_request", param: null });
  });

  it("is refused cleanly however deep it nests", () => {
    // A small body is parsed, and refused for what it is.
    expect(refusal("chat", "[".repeat(30_000)).code).toBe("invalid_json");
    const deep = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
    expect(refusal("chat", deep).code).toBe("invalid_request");
    expect(refusal("chat", `{"messages":${deep}}`).param).toBe("messages[0]");
    const inside = `{"messages":[{"role":"user","content":"a"}],"tools":${deep}}`;
    expect(readFields("chat", Buffer.from(inside)).inputChars).toBe(1);
    // A large one is not parsed at all.
    expect(refusal("chat", "[".repeat(100_000)).message).toContain("512 levels");
  });
});

describe("a chat request", () => {
  it.each([
    [{ model: 5 }, "model"],
    [{ model: "x".repeat(2000) }, "model"],
    [{ stream: "true" }, "stream"],
    [{ stream: 1 }, "stream"],
    [{ messages: undefined }, "messages"],
    [{ messages: null }, "messages"],
    [{ messages: "x" }, "messages"],
    [{ messages: {} }, "messages"],
    [{ messages: [] }, "messages"],
    [{ messages: [...hello, 5] }, "messages[1]"],
    [{ messages: [[]] }, "messages[0]"],
    [{ messages: [{ content: "x" }] }, "messages[0].role"],
    [{ messages: [{ role: 5 }] }, "messages[0].role"],
    [{ messages: [...hello, ...hello, { role: "user", content: 5 }] }, "messages[2].content"],
    [{ messages: [{ role: "user", content: {} }] }, "messages[0].content"],
    [{ messages: [{ role: "user", content: ["x"] }] }, "messages[0].content[0]"],
    [{ messages: [{ role: "user", content: [{}] }] }, "messages[0].content[0].type"],
    [{ max_tokens: "5" }, "max_tokens"],
    [{ max_tokens: 1.5 }, "max_tokens"],
    [{ max_tokens: -2 }, "max_tokens"],
    [{ max_completion_tokens: [] }, "max_completion_tokens"],
    [{ temperature: "hot" }, "temperature"],
    [{ stop: 5 }, "stop"],
    [{ stop: {} }, "stop"],
  ])("with %j is refused by name: %s", (fields, param) => {
    expect(fault(fields)).toBe(param);
  });

  it.each([
    { max_tokens: -1 },
    { max_tokens: 2.0 },
    { max_tokens: 0 },
    { temperature: 99 },
    { stop: "a" },
    { stop: [] },
    { messages: [{ role: "developer", content: "x" }] },
    {
      messages: [
        { role: "ipython", content: "x" },
        { role: "", content: "y" },
      ],
    },
    { messages: [{ role: "assistant", content: null, tool_calls: [{}] }] },
    { messages: [{ role: "assistant", tool_calls: [] }] },
    { messages: [{ role: "tool", content: [], tool_call_id: "1" }] },
    { messages: [{ role: "function", name: "f", content: "" }] },
    { messages: [{ role: "user", content: [{ type: "never_heard_of", x: 1 }] }] },
    { n: "two", tools: 5, stream_options: 7, seed: "x", unknown: [] },
  ])("with %j passes", (fields) => {
    expect(fault(fields)).toBe(null);
  });
});

describe("other requests", () => {
  it.each<[DialectName, Record<string, unknown>, string | null]>([
    ["messages", { messages: [] }, null],
    ["messages", { messages: hello, system: [{ type: "text", text: "x" }] }, null],
    ["messages", { model: "m" }, "messages"],
    ["messages", { messages: "x" }, "messages"],
    ["messages", { messages: hello, max_tokens: "5" }, "max_tokens"],
    ["completions", { prompt: "" }, null],
    ["completions", { prompt: [1, 2] }, null],
    ["completions", { prompt_embeds: "x" }, null],
    ["completions", {}, "prompt"],
    ["completions", { prompt: "a", stream: "x" }, "stream"],
    ["responses", { input: "a" }, null],
    ["responses", { previous_response_id: "r" }, null],
    ["responses", { input: "a", max_output_tokens: "9" }, "max_output_tokens"],
    ["embeddings", { input: ["a"] }, null],
    ["embeddings", { content: "a" }, null],
    ["embeddings", { model: "m" }, "input"],
    ["embeddings", { input: "a", model: [] }, "model"],
    ["rerank", { query: "a", documents: [] }, null],
    ["rerank", { documents: [] }, "query"],
  ])("of %s, %j: %s", (dialect, body, param) => {
    expect(fault(body, dialect)).toBe(param);
  });
});
