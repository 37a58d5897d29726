import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import {
  type LlamaServer,
  llamaScript,
  startLlamaServer,
  whyNoLlama,
} from "./support/llama-server.ts";
import { politeChat } from "./support/mock-upstream.ts";

if (llamaScript === null) console.warn(`assembled-differences: ${whyNoLlama}`);

const schema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
const tool = (name: string): object => ({
  type: "function",
  function: { name, parameters: schema },
});
const user = (content: unknown): object => ({ role: "user", content });
const assistant = { role: "assistant", content: "Sure, then" };

/** What may stand in a request, each by itself or together with another. */
const features: readonly object[] = [
  {},
  { logprobs: true },
  { logprobs: true, top_logprobs: 3 },
  { logprobs: false, n_probs: 0 },
  { n_probs: 2 },
  { tools: [tool("f")] },
  { tools: [tool("f"), tool("g")], tool_choice: "required" },
  { tools: [tool("f")], tool_choice: "required", parallel_tool_calls: true },
  { tools: [tool("f")], tool_choice: "none" },
  { response_format: { type: "json_object" } },
  { response_format: { type: "json_schema", json_schema: { name: "x", schema } } },
  { grammar: 'root ::= "Hello there"' },
  { messages: [user("hi"), assistant], continue_final_message: true, add_generation_prompt: false },
  { messages: [user("hi"), assistant] },
  { messages: [{ role: "control", content: "x" }, user("hi")] },
  {
    messages: [
      user([
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ]),
    ],
  },
  { n: 2 },
  { stop: ["e", "a"] },
  { max_tokens: 1 },
  { max_tokens: 0 },
  { ignore_eos: true, max_tokens: 24 },
  { timings_per_token: true },
  { return_progress: true },
  { return_tokens: true },
  { reasoning_format: "none" },
  { chat_template_kwargs: { enable_thinking: false } },
  { logit_bias: [[300, 5]] },
  { stream_options: { include_usage: true } },
  { verbose: true },
  { response_fields: ["content"] },
];

/** Each feature alone, and each pair of two that follow each other by 1 to 9. */
const requests: readonly object[] = features.flatMap((one, at) => [
  one,
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((step) => ({
    ...one,
    ...features[(at + step) % features.length],
  })),
]);

type Answer = { status: number; body: Record<string, unknown> };

/** What differs from run to run: when, how fast, and the ids. */
function lasting({ status, body }: Answer): unknown {
  const text = JSON.stringify(body, (key, value: unknown) =>
    ["id", "created", "timings", "model", "code"].includes(key) ? undefined : value,
  );
  return { status, body: JSON.parse(text) as unknown };
}

describe.runIf(llamaScript !== null)("a whole chat answer of llama.cpp", () => {
  let llama: LlamaServer;
  let gateway: TestGateway;

  beforeAll(async () => {
    llama = await startLlamaServer(llamaScript ?? "", {}, ["--chat-template", "chatml"]);
    gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: llama.url,
      UPSTREAM_TYPE: "auto",
    });
  }, 60_000);
  afterAll(async () => {
    await gateway.stop();
    llama.stop();
  });

  it(`equals llama-server's own in value: ${requests.length} requests`, async () => {
    const fixed = { model: "tiny", messages: [user("hi")], max_tokens: 8 };
    const always = { temperature: 0, seed: 7, cache_prompt: false };
    const different: string[] = [];
    for (const request of requests) {
      const sent = JSON.stringify({ ...fixed, ...request, ...always });
      const path = "/v1/chat/completions";
      const asked = await fetch(llama.url + path, { method: "POST", body: sent });
      const own = (await asked.json()) as Answer["body"];
      const answer = await gateway.post(path, sent);
      const ours = (await answer.json()) as Answer["body"];
      if (asked.status !== 200) {
        if (answer.status === 200) different.push(JSON.stringify({ request, own, ours }));
        continue;
      }
      const pair = [
        lasting({ status: asked.status, body: own }),
        lasting({ status: answer.status, body: ours }),
      ];
      if (isCutAlike(own, ours)) continue;
      if (JSON.stringify(sorted(pair[0])) !== JSON.stringify(sorted(pair[1]))) {
        different.push(JSON.stringify({ request, own: pair[0], ours: pair[1] }));
      }
    }
    expect(different).toEqual([]);
  }, 240_000);
});

/** The same value with the fields of each object in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, one]) => [name, sorted(one)]));
}

type Choice = { finish_reason: string; message: { content: string | null } };

const choiceIn = (answer: Answer["body"]): Choice | undefined =>
  (answer.choices as Choice[] | undefined)?.[0];

/**
 * True for an answer that was cut by `max_tokens`, of which ours lacks only space at the end:
 * llama.cpp's parser keeps that back in a stream until it knows what follows.
 */
function isCutAlike(own: Answer["body"], ours: Answer["body"]): boolean {
  const [one, other] = [choiceIn(own), choiceIn(ours)];
  if (one?.finish_reason !== "length" || other?.finish_reason !== "length") return false;
  return (
    one.message.content !== other.message.content &&
    one.message.content?.trimEnd() === other.message.content
  );
}
