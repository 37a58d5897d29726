import { startTestGateway, type TestGateway } from "./harness.ts";
import {
  type RawAnswer,
  type RawAsked,
  rawAnswer,
  rawStreamHead,
  startRawUpstream,
} from "./raw-upstream.ts";

/** Changes an answer, or the event at `index` of `count`, before it is sent. */
export type Bend = (value: object, index: number, count: number) => unknown;

/** The types of upstream; each is also the name of a model there. */
export const families = ["openai", "anthropic", "google"] as const;

const calls = [{ index: 0, id: "c", type: "function", function: { name: "f", arguments: "{}" } }];
const openAiUsage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
const openAi = {
  id: "u",
  object: "chat.completion",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "hi", tool_calls: calls },
      finish_reason: "stop",
    },
  ],
  usage: openAiUsage,
  timings: { prompt_n: 2, prompt_ms: 1.5, predicted_n: 3, predicted_ms: 2.5 },
};
const chunkOf = (delta: object, reason: string | null): object => ({
  id: "u",
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta, finish_reason: reason }],
});
const openAiEvents = [
  chunkOf({ role: "assistant", content: "a" }, null),
  chunkOf({ tool_calls: calls }, null),
  chunkOf({}, "stop"),
  { id: "u", choices: [], usage: openAiUsage },
];
const anthropic = {
  id: "m",
  type: "message",
  role: "assistant",
  model: "c",
  content: [
    { type: "thinking", thinking: "t", signature: "s" },
    { type: "text", text: "hi" },
    { type: "tool_use", id: "t", name: "f", input: { x: 1 } },
  ],
  stop_reason: "end_turn",
  usage: { input_tokens: 7, output_tokens: 5, cache_read_input_tokens: 2 },
};
const anthropicEvents = [
  { type: "message_start", message: { ...anthropic, content: [], stop_reason: null } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "x" } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 5 } },
  { type: "message_stop" },
];
const google = {
  candidates: [
    {
      content: {
        role: "model",
        parts: [{ text: "hi" }, { functionCall: { name: "f", args: {} } }],
      },
      finishReason: "STOP",
      index: 0,
    },
  ],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
};

function streamOf(events: readonly object[], bend: Bend, isNamed: boolean, end = ""): RawAnswer {
  const texts = events.map((event, index) => {
    const data = JSON.stringify(bend(event, index, events.length));
    const name = isNamed && "type" in event ? `event: ${event.type}\n` : "";
    return `${name}data: ${data}\n\n`;
  });
  return [rawStreamHead("text/event-stream"), texts.join("") + end];
}

const streams = ({ path, body }: RawAsked): boolean =>
  /"stream":\s*true/.test(body) || path.includes("streamGenerateContent");

const answers: Record<(typeof families)[number], (asked: RawAsked, bend: Bend) => RawAnswer> = {
  openai: (asked, bend) =>
    streams(asked)
      ? streamOf(openAiEvents, bend, false, "data: [DONE]\n\n")
      : [rawAnswer(JSON.stringify(bend(openAi, 0, 1)))],
  anthropic: (asked, bend) =>
    streams(asked)
      ? streamOf(anthropicEvents, bend, true)
      : [rawAnswer(JSON.stringify(bend(anthropic, 0, 1)))],
  google: (asked, bend) =>
    streams(asked)
      ? streamOf([google, google], bend, false)
      : [rawAnswer(JSON.stringify(bend(google, 0, 1)))],
};

/**
 * A gateway in front of one upstream of each family, and `bend` changes their answers.
 *
 * @param openAiApi - the API that the upstream of OpenAI's kind has
 */
export async function startThreeFamilies(
  bend: Bend = (value) => value,
  openAiApi: "auto" | "chat" = "auto",
): Promise<TestGateway> {
  const upstreams = await Promise.all(
    families.map((type) => startRawUpstream((asked) => answers[type](asked, bend))),
  );
  const lines = families.map(
    (type, at) =>
      `  ${type}: { url: ${upstreams[at]?.url}, type: ${type}, key: k, api: ${type === "openai" ? openAiApi : "auto"} }`,
  );
  const routes = families.map((type) => `  - { model: ${type}, upstream: ${type} }`);
  const config = `upstreams:\n${lines.join("\n")}\nroutes:\n${routes.join("\n")}\n`;
  const env = { UPSTREAM_URL: "", FIRST_BYTE_TIMEOUT: "5s", IDLE_TIMEOUT: "5s" };
  const gateway = await startTestGateway(() => {}, env, config);
  const stop = async (): Promise<void> => {
    await gateway.stop();
    for (const upstream of upstreams) await upstream[Symbol.asyncDispose]();
  };
  return { ...gateway, stop, [Symbol.asyncDispose]: stop };
}
