import { expect, it } from "vitest";
import { startTestGateway } from "./support/harness.ts";
import { startMockUpstream } from "./support/mock-upstream.ts";
import {
  type StrictServer,
  strictAnthropic,
  strictGemini,
  strictLocal,
} from "./support/strict-servers.ts";

// The example of the README, a local model with a cloud as its fallback: a conversation with tools
// and thoughts stays valid when its turns are answered by one and the other.

const schema = { type: "object", properties: { path: { type: "string" } } };
const tools = ["look", "edit"].map((name) => ({ name, description: name }));

/** A client that keeps the conversation as agents do: it sends back what it was told, as it is. */
type Client = {
  readonly path: string;
  ask(question: string): void;
  body(): object;
  /** Takes an answer and gives its text; null if it has calls, which are answered. */
  take(answer: Response): Promise<string | null>;
};

type ChatAnswer = {
  choices: [{ message: { content: string | null; tool_calls?: { id: string }[] } }];
};

function chatClient(): Client {
  const messages: object[] = [{ role: "system", content: "be brief" }];
  const functions = tools.map((tool) => {
    return { type: "function", function: { ...tool, parameters: schema } };
  });
  return {
    path: "/v1/chat/completions",
    ask: (content) => void messages.push({ role: "user", content }),
    body: () => ({ messages, tools: functions, reasoning_effort: "low", max_tokens: 9000 }),
    async take(answer) {
      const [{ message }] = ((await answer.json()) as ChatAnswer).choices;
      messages.push(message);
      for (const { id } of message.tool_calls ?? []) {
        messages.push({ role: "tool", tool_call_id: id, content: "done" });
      }
      return message.tool_calls === undefined ? message.content : null;
    },
  };
}

type MessagesAnswer = { role: string; content: { type: string; id?: string; text?: string }[] };

function messagesClient(): Client {
  const messages: object[] = [];
  return {
    path: "/v1/messages",
    ask: (content) => void messages.push({ role: "user", content }),
    body: () => ({
      ...{ messages, system: "be brief", max_tokens: 9000 },
      tools: tools.map((tool) => ({ ...tool, input_schema: schema })),
      thinking: { type: "enabled", budget_tokens: 1024 },
    }),
    async take(answer) {
      const { content, role } = (await answer.json()) as MessagesAnswer;
      messages.push({ role, content });
      const calls = content.filter(({ type }) => type === "tool_use");
      if (calls.length === 0) return content.at(-1)?.text ?? "";
      const results = calls.map(({ id }) => {
        return { type: "tool_result", tool_use_id: id, content: "done" };
      });
      messages.push({ role: "user", content: results });
      return null;
    },
  };
}

type ResponsesAnswer = {
  output: { type: string; call_id?: string; content?: [{ text: string }] }[];
};

function responsesClient(): Client {
  const input: object[] = [];
  return {
    path: "/v1/responses",
    ask: (content) => void input.push({ role: "user", content }),
    body: () => ({
      ...{ input, instructions: "be brief", store: false, max_output_tokens: 9000 },
      tools: tools.map((tool) => ({ type: "function", ...tool, parameters: schema })),
      reasoning: { effort: "low" },
      include: ["reasoning.encrypted_content"],
    }),
    async take(answer) {
      const { output } = (await answer.json()) as ResponsesAnswer;
      input.push(...output);
      const calls = output.filter(({ type }) => type === "function_call");
      for (const { call_id } of calls) {
        input.push({ type: "function_call_output", call_id, output: "done" });
      }
      return calls.length === 0 ? (output.at(-1)?.content?.[0].text ?? "") : null;
    },
  };
}

const clients = { chat: chatClient, messages: messagesClient, responses: responsesClient };
const clouds: Record<string, [() => StrictServer, string]> = {
  anthropic: [strictAnthropic, "claude-haiku-4-5"],
  google: [strictGemini, "gemini-3-pro-preview"],
};

const cases = Object.keys(clients).flatMap((client) =>
  Object.keys(clouds).flatMap((cloud) =>
    ["local", "cloud"].map((first) => [client, cloud, first] as const),
  ),
);

it.each(cases)("%s, local and %s in turns, %s first", async (name, type, first) => {
  const local = strictLocal();
  const [create = strictAnthropic, model] = clouds[type] ?? [];
  const cloud = create();
  const there = await startMockUpstream(cloud.handler);
  const here = await startMockUpstream(local.handler);
  const config = `upstreams:
  gpu1: { url: "${here.url}", type: openai, api: chat }
  cloud: { url: "${there.url}", type: ${type}, key: k }
routes:
  - { model: "qwen*", upstreams: [gpu1], fallbacks: [{ name: cloud, model: ${model} }] }
`;
  await using gateway = await startTestGateway(() => {}, { UPSTREAM_URL: "" }, config);
  try {
    const client = clients[name as keyof typeof clients]();
    const said: (string | null)[] = [];
    for (const [at, question] of ["one", "two", "three"].entries()) {
      client.ask(question);
      for (let step = 0; step < 3; step += 1) {
        // An odd number of steps: each server begins, goes on with and ends a question.
        local.isDown = ((at * 3 + step) % 2 === 0) === (first === "cloud");
        const answer = await gateway.post(client.path, { model: "qwen3", ...client.body() });
        expect([answer.status, local.refusals, cloud.refusals]).toEqual([200, [], []]);
        said.push(await client.take(answer));
      }
    }
    const [one, other] = first === "local" ? ["local", "cloud"] : ["cloud", "local"];
    expect(said).toEqual([
      ...[null, null, `${one} says so`],
      ...[null, null, `${other} says so`],
      ...[null, null, `${one} says so`],
    ]);
    const states = gateway.rows().map(({ state }) => state);
    expect(states).toEqual(Array(9).fill("done"));
  } finally {
    await there.close();
    await here.close();
  }
});

const thought = { type: "thinking", thinking: "hm", signature: "of another" };
const use = { type: "tool_use", id: "toolu_1", name: "look", input: {} };
const call = { role: "model", parts: [{ functionCall: { name: "look", args: {} } }] };

it.each<[string, () => StrictServer, string, object, string]>([
  [
    "a foreign proof",
    strictAnthropic,
    "/v1/messages",
    {
      max_tokens: 9,
      messages: [
        { role: "user", content: "a" },
        { role: "assistant", content: [thought] },
      ],
    },
    "Invalid `signature`",
  ],
  [
    "a call without a result",
    strictAnthropic,
    "/v1/messages",
    {
      max_tokens: 9,
      messages: [
        { role: "user", content: "a" },
        { role: "assistant", content: [use] },
        { role: "user", content: "b" },
      ],
    },
    "without `tool_result`",
  ],
  [
    "a call without a proof",
    strictGemini,
    "/v1beta/models/m:generateContent",
    {
      contents: [
        { role: "user", parts: [{ text: "a" }] },
        call,
        { role: "user", parts: [{ functionResponse: { name: "look", response: {} } }] },
      ],
    },
    "missing a thought_signature",
  ],
  [
    "a late system message",
    strictLocal,
    "/v1/chat/completions",
    {
      messages: [
        { role: "user", content: "a" },
        { role: "system", content: "b" },
      ],
    },
    "System message must be at the beginning",
  ],
])("the scripted servers themselves refuse %s", async (_, create, path, body, words) => {
  const server = await startMockUpstream(create().handler);
  try {
    const answer = await fetch(server.url + path, { method: "POST", body: JSON.stringify(body) });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(words)]);
  } finally {
    await server.close();
  }
});
