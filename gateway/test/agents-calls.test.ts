import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { startTestGateway } from "./support/harness.ts";
import { done, type Handler, startMockUpstream } from "./support/mock-upstream.ts";

// Coding agents with their own kinds of tools, at upstreams that have functions only.

const json = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(typeof value === "string" ? value : JSON.stringify(value));
};

/** A chat server whose model calls one function. */
const calling =
  (name: string, args: string): Handler =>
  ({ body }, response) => {
    const call = { id: "call_1", type: "function", function: { name, arguments: args } };
    const head = { id: "c", created: 1, model: "m" };
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
    if (!JSON.parse(body.toString()).stream) {
      const message = { role: "assistant", content: null, tool_calls: [call] };
      const choices = [{ index: 0, message, finish_reason: "tool_calls" }];
      return json(response, { ...head, object: "chat.completion", choices, usage });
    }
    const chunk = (delta: object, finish_reason: string | null): string => {
      const choices = [{ index: 0, delta, finish_reason }];
      return `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices })}\n\n`;
    };
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunk({ role: "assistant", tool_calls: [{ index: 0, ...call }] }, null));
    response.end(chunk({}, "tool_calls") + done);
  };

/** What Codex declares: in an item, in a group, freeform, and its older shell. */
const codex = {
  model: "mock",
  store: false,
  input: [
    {
      type: "additional_tools",
      role: "developer",
      tools: [
        { type: "namespace", name: "mcp__hub", tools: [{ type: "function", name: "issue" }] },
      ],
    },
    { role: "user", content: "patch it" },
  ],
  tools: [
    {
      type: "custom",
      name: "apply_patch",
      description: "Patches.",
      format: { type: "grammar", syntax: "lark", definition: "start: /.+/" },
    },
    { type: "local_shell" },
    { type: "tool_search", execution: "client", parameters: { type: "object", properties: {} } },
    { type: "function", name: "view", parameters: { type: "object", properties: {} } },
  ],
};

const calls: readonly [string, string, object][] = [
  [
    "apply_patch",
    '{"input":"*** Begin\\n"}',
    { type: "custom_tool_call", name: "apply_patch", input: "*** Begin\n" },
  ],
  [
    "mcp__hub__issue",
    '{"id":1234567890123456789}',
    {
      type: "function_call",
      name: "issue",
      namespace: "mcp__hub",
      arguments: '{"id":1234567890123456789}',
    },
  ],
  ["issue", "{}", { type: "function_call", name: "issue", namespace: "mcp__hub" }],
  [
    "local_shell",
    '{"command":["ls","-l"]}',
    { type: "local_shell_call", action: { type: "exec", command: ["ls", "-l"], env: {} } },
  ],
  [
    "tool_search",
    '{"query":"x"}',
    { type: "tool_search_call", execution: "client", arguments: { query: "x" } },
  ],
  ["view", '{"a":1}', { type: "function_call", name: "view", arguments: '{"a":1}' }],
];

describe.each([false, true])("Codex at a chat server (stream: %s)", (stream) => {
  it.each(calls)(
    "gets a call of %s with %s as the item that it knows",
    async (name, args, item) => {
      await using gateway = await startTestGateway(calling(name, args), { UPSTREAM_API: "chat" });
      const response = await gateway.post("/v1/responses", { ...codex, stream });
      const text = await response.text();
      const whole = stream ? lastEvent(text).response : JSON.parse(text);
      expect(whole.output).toMatchObject([{ call_id: "call_1", status: "completed", ...item }]);
      const [seen] = gateway.upstream.seen;
      const { tools } = JSON.parse(seen?.body.toString() ?? "{}");
      expect(tools.map((tool: { function: { name: string } }) => tool.function.name)).toEqual([
        "apply_patch",
        "local_shell",
        "tool_search",
        "view",
        "mcp__hub__issue",
      ]);
      // Told, since nothing can hold the model to the grammar; the model sees it.
      expect(response.headers.get("x-gateway-dropped")).toBe("tools[0].format");
      expect(tools[0].function.description).toContain("start: /.+/");
    },
  );
});

// biome-ignore lint/suspicious/noExplicitAny: any answer of a server
function lastEvent(text: string): any {
  const data = text
    .trimEnd()
    .split("\n")
    .findLast((line) => line.startsWith("data: "));
  return JSON.parse(data?.slice("data: ".length) ?? "{}");
}

it("Codex' history of calls reaches a chat server as calls and results of functions", async () => {
  await using gateway = await startTestGateway(calling("view", "{}"), { UPSTREAM_API: "chat" });
  const input = [
    ...codex.input,
    { type: "custom_tool_call", call_id: "p", name: "apply_patch", input: "*** Begin" },
    { type: "custom_tool_call_output", call_id: "p", output: "Done" },
    { type: "local_shell_call", call_id: "s", action: { type: "exec", command: ["ls"] } },
    { type: "function_call_output", call_id: "s", output: "a.txt" },
    { type: "function_call", call_id: "i", name: "issue", namespace: "mcp__hub", arguments: "{}" },
    { type: "function_call_output", call_id: "i", output: "closed" },
    { type: "function_call_output", call_id: "lost", output: "of nothing" },
  ];
  const response = await gateway.post("/v1/responses", { ...codex, input });
  expect(response.status).toBe(200);
  const { messages } = JSON.parse(gateway.upstream.seen[0]?.body.toString() ?? "{}");
  type Turn = { role: string; tool_calls?: { function: { name: string; arguments: string } }[] };
  const shown = messages.map(({ role, tool_calls: made }: Turn) =>
    made === undefined
      ? role
      : made.map((call) => `${call.function.name} ${call.function.arguments}`).join(),
  );
  expect(shown).toEqual([
    "user",
    'apply_patch {"input":"*** Begin"}',
    "tool",
    'local_shell {"command":["ls"]}',
    "tool",
    "mcp__hub__issue {}",
    "tool",
    "user",
  ]);
});

it("Codex at a server whose Responses refuse its items is served in chat from then on", async () => {
  const chat = calling("view", "{}");
  // Of several processes each learns it for itself.
  await using gateway = await startTestGateway(
    (seen, response, request) => {
      if (seen.url === "/v1/chat/completions") return chat(seen, response, request);
      json(response, { error: { message: "Cannot determine type of 'item'" } }, 400);
    },
    { WORKERS: "1" },
  );
  for (let count = 0; count < 2; count++) {
    expect((await gateway.post("/v1/responses", codex)).status).toBe(200);
  }
  expect(gateway.upstream.seen.map(({ url }) => url)).toEqual([
    "/v1/responses",
    "/v1/chat/completions",
    "/v1/chat/completions",
  ]);
});

it("Codex at llama.cpp, whose Responses leave its tools out in silence, is served in chat", async () => {
  const chat = calling("apply_patch", '{"input":"x"}');
  await using gateway = await startTestGateway(chat, { UPSTREAM_TYPE: "llamacpp" });
  const text = await (await gateway.post("/v1/responses", codex)).text();
  expect(JSON.parse(text).output).toMatchObject([{ type: "custom_tool_call", input: "x" }]);
  expect(gateway.upstream.seen.map(({ url }) => url)).toEqual(["/v1/chat/completions"]);
});

/** OpenAI's Responses with one call, streamed or not. */
function answerResponses(body: string, response: ServerResponse): void {
  const { stream, tools } = JSON.parse(body);
  const call = {
    id: "fc_1",
    type: "function_call",
    status: "completed",
    call_id: "call_1",
    name: tools[0].name,
    arguments: '{"id":12345678901234567890}',
  };
  const base = {
    id: "resp_1",
    object: "response",
    created_at: 1,
    model: "gpt-5.6",
    error: null,
    incomplete_details: null,
  };
  const usage = {
    input_tokens: 3,
    output_tokens: 2,
    total_tokens: 5,
    input_tokens_details: { cached_tokens: 1 },
    output_tokens_details: { reasoning_tokens: 1 },
  };
  const whole = { ...base, status: "completed", output: [call], usage };
  if (!stream) {
    json(response, whole);
    return;
  }
  const begun = { ...base, status: "in_progress", output: [], usage: null };
  const at = { output_index: 0, item_id: "fc_1" };
  const events = [
    { type: "response.created", response: begun },
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { ...call, status: "in_progress", arguments: "" },
    },
    { type: "response.function_call_arguments.delta", ...at, delta: call.arguments },
    { type: "response.function_call_arguments.done", ...at, arguments: call.arguments },
    { type: "response.output_item.done", output_index: 0, item: call },
    { type: "response.completed", response: whole },
  ];
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end(
    events
      .map(
        (event, sequence_number) =>
          `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`,
      )
      .join(""),
  );
}

const claude = {
  model: "gpt-5.6",
  max_tokens: 500,
  thinking: { type: "adaptive" },
  output_config: { effort: "high" },
  messages: [{ role: "user", content: "q" }],
  tools: [{ name: `mcp__${"long_".repeat(20)}read`, input_schema: { type: "object" } }],
};

describe.each([false, true])("OpenAI as an upstream (stream: %s)", (stream) => {
  const refusing: Handler = ({ url, body }, response) => {
    if (url === "/v1/responses") return answerResponses(body.toString(), response);
    const text =
      "Function tools with reasoning_effort are not supported in /v1/chat/completions. Please use /v1/responses instead.";
    json(response, { error: { message: text } }, url === "/v1/messages" ? 404 : 400);
  };

  it("is asked in Responses for tools with an effort, and the client gets its own names", async () => {
    await using gateway = await startTestGateway(refusing);
    const response = await gateway.post("/v1/messages", { ...claude, stream });
    const text = await response.text();
    expect([response.status, text]).toEqual([200, expect.stringContaining("12345678901234567890")]);
    expect(text).toContain(`"name":"${claude.tools[0]?.name}"`);
    expect(text).toContain('"stop_reason":"tool_use"');
    const sent = JSON.parse(gateway.upstream.seen.at(-1)?.body.toString() ?? "{}");
    expect(sent).toMatchObject({
      reasoning: { effort: "high" },
      store: false,
      max_output_tokens: 500,
    });
    expect(sent.tools[0].name.length).toBeLessThanOrEqual(64);
  });

  it("is asked in Responses for a chat client that its chat has refused, and remembers", async () => {
    // Of several processes each learns it for itself.
    await using gateway = await startTestGateway(refusing, { WORKERS: "1" });
    const tools = [{ type: "function", function: { name: "read", parameters: {} } }];
    const body = {
      model: "gpt-5.4",
      stream,
      tools,
      reasoning_effort: "low",
      messages: claude.messages,
    };
    for (let count = 0; count < 2; count++) {
      const text = await (await gateway.post("/v1/chat/completions", body)).text();
      expect(text).toContain('"finish_reason":"tool_calls"');
    }
    // A connection that dies under the first request brings it once more.
    const [first, ...urls] = gateway.upstream.seen.map(({ url }) => url);
    expect(first).toBe("/v1/chat/completions");
    expect(urls.slice(-2)).toEqual(["/v1/responses", "/v1/responses"]);
  });
});

it("a conversation that a local model began goes on at Anthropic, and the changes are named", async () => {
  const message = {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude",
    content: [],
    stop_reason: "end_turn",
    usage: { input_tokens: 1, output_tokens: 1 },
  };
  const cloud = await startMockUpstream((_seen, response) => json(response, message));
  const config = `upstreams: {cloud: {url: "${cloud.url}", type: anthropic, key: made-up-key}}
routes: [{model: mock, upstreams: [default], fallbacks: [{name: cloud, model: claude-haiku-4-5}]}]`;
  await using gateway = await startTestGateway(
    (_seen, response) => void response.destroy(),
    { CONFIG_FILE: "config.yaml" },
    config,
  );
  const response = await gateway.post("/v1/messages", {
    model: "mock",
    max_tokens: 5,
    messages: [
      { role: "user", content: "q" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm", signature: "" },
          { type: "tool_use", id: "functions.Bash:0", name: "Bash", input: {} },
        ],
      },
      {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: "functions.Bash:0", content: "r" }],
      },
    ],
  });
  await cloud.close();
  expect(response.status).toBe(200);
  expect(response.headers.get("x-gateway-changed")).toBe(
    "messages[1].content[0], messages[1].content[1].id, messages[2].content[0].tool_use_id",
  );
  const asked = cloud.seen.find(({ url }) => url === "/v1/messages");
  const sent = asked?.body.toString() ?? "";
  expect(sent).not.toContain("thinking");
  expect(sent.match(/"functions_Bash_0_[0-9a-f]{8}"/g)).toHaveLength(2);
});
