import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Handler, Seen } from "../support/mock-upstream.ts";

/** What a llama-server says where it fails in mid-stream. */
const failure = JSON.stringify({ code: 500, message: "out of memory", type: "server_error" });

/** The forms in which it says so: of today, of today on Messages, and of old. */
type FailureForm = "data" | "event" | "field";

const failures: Readonly<Record<FailureForm, string>> = {
  data: `data: {"error":${failure}}\n\n`,
  event: `event: error\ndata: ${failure}\n\n`,
  field: `error: ${failure}\n\n`,
};

/**
 * How the mock's answer goes: to its end, on for ever, or after its first token cut or ended by an
 * error, or an error before it.
 */
export type ScriptedEnding = "refused" | "whole" | "cut" | "endless" | FailureForm;

/** The events before the first token, one for each token, and those after the last. */
type Script = { before: string[]; tokens: string[]; after: string[] };

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const named = (value: { type: string }): string => `event: ${value.type}\n${data(value)}`;

function chatScript(tools: boolean): Script {
  const chunk = (delta: object, finish_reason: string | null = null): string =>
    data({
      id: "chatcmpl-up",
      object: "chat.completion.chunk",
      created: 1,
      model: "m",
      choices: [{ index: 0, delta, finish_reason }],
    });
  const call = (more: object) => chunk({ tool_calls: [{ index: 0, ...more }] });
  const first = { id: "call_1", type: "function", function: { name: "light", arguments: "" } };
  return {
    before: [chunk({ role: "assistant", content: null }), ...(tools ? [call(first)] : [])],
    tokens: tools
      ? ['{"on":', "true}"].map((piece) => call({ function: { arguments: piece } }))
      : ["Hello", " there"].map((content) => chunk({ content })),
    after: [chunk({}, tools ? "tool_calls" : "stop"), "data: [DONE]\n\n"],
  };
}

function textScript(): Script {
  const chunk = (text: string, finish_reason: string | null = null): string =>
    data({
      id: "cmpl-up",
      object: "text_completion",
      created: 1,
      model: "m",
      choices: [{ index: 0, text, logprobs: null, finish_reason }],
    });
  return {
    before: [],
    tokens: [chunk("Hello"), chunk(" there")],
    after: [chunk("", "stop"), "data: [DONE]\n\n"],
  };
}

function messagesScript(tools: boolean): Script {
  const usage = { input_tokens: 5, output_tokens: 1 };
  const message = {
    id: "msg_up",
    type: "message",
    role: "assistant",
    model: "m",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  const content_block = tools
    ? { type: "tool_use", id: "toolu_1", name: "light", input: {} }
    : { type: "text", text: "" };
  const delta = (piece: string): string =>
    named({
      type: "content_block_delta",
      index: 0,
      delta: tools
        ? { type: "input_json_delta", partial_json: piece }
        : { type: "text_delta", text: piece },
    } as { type: string });
  const end = { stop_reason: tools ? "tool_use" : "end_turn", stop_sequence: null };
  return {
    before: [
      named({ type: "message_start", message } as { type: string }),
      named({ type: "content_block_start", index: 0, content_block } as { type: string }),
      named({ type: "ping" }),
    ],
    tokens: (tools ? ['{"on":', "true}"] : ["Hello", " there"]).map(delta),
    after: [
      named({ type: "content_block_stop", index: 0 } as { type: string }),
      named({ type: "message_delta", delta: end, usage: { output_tokens: 2 } } as { type: string }),
      named({ type: "message_stop" }),
    ],
  };
}

const responsesUsage = {
  input_tokens: 5,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 2,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: 7,
};

function responsesScript(): Script {
  let sequence_number = 0;
  const event = (type: string, more: object): string =>
    named({ type, sequence_number: sequence_number++, ...more } as { type: string });
  const response = (status: string, output: object[]) => ({
    id: "resp_up",
    object: "response",
    created_at: 1,
    status,
    model: "m",
    output,
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    usage: status === "completed" ? responsesUsage : null,
  });
  const at = { item_id: "msg_up", output_index: 0, content_index: 0 };
  const part = (text: string) => ({ type: "output_text", text, annotations: [], logprobs: [] });
  const item = (status: string, content: object[]) => ({
    id: "msg_up",
    type: "message",
    role: "assistant",
    status,
    content,
  });
  const whole = item("completed", [part("Hello there")]);
  return {
    before: [
      event("response.created", { response: response("in_progress", []) }),
      event("response.in_progress", { response: response("in_progress", []) }),
      event("response.output_item.added", { output_index: 0, item: item("in_progress", []) }),
      event("response.content_part.added", { ...at, part: part("") }),
    ],
    tokens: ["Hello", " there"].map((delta) =>
      event("response.output_text.delta", { ...at, delta, logprobs: [] }),
    ),
    after: [
      event("response.output_text.done", { ...at, text: "Hello there", logprobs: [] }),
      event("response.content_part.done", { ...at, part: part("Hello there") }),
      event("response.output_item.done", { output_index: 0, item: whole }),
      event("response.completed", { response: response("completed", [whole]) }),
    ],
  };
}

function scriptFor({ url, body }: Seen): Script {
  const tools = body.includes('"tools":[{');
  if (url.endsWith("/chat/completions")) return chatScript(tools);
  if (url.endsWith("/completions")) return textScript();
  return url.endsWith("/messages") ? messagesScript(tools) : responsesScript();
}

async function play(
  script: Script,
  ending: ScriptedEnding,
  response: ServerResponse,
  isEndless: () => boolean,
): Promise<void> {
  if (ending === "refused") {
    const error = {
      code: 400,
      message: "The temperature is too hot.",
      type: "invalid_request_error",
    };
    response.writeHead(400, { "content-type": "application/json" });
    response.end(JSON.stringify({ error }));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(script.before.join(""));
  const [first = "", ...rest] = script.tokens;
  response.write(first);
  if (ending === "cut") {
    await sleep(20);
    response.destroy();
    return;
  }
  if (ending === "data" || ending === "event" || ending === "field") {
    await sleep(20);
    response.end(failures[ending]);
    return;
  }
  while (ending === "endless" && isEndless() && !response.destroyed) {
    await sleep(10);
    response.write(first);
  }
  for (const event of [...rest, ...script.after]) response.write(event);
  response.end();
}

/**
 * A mock upstream whose streams are event for event those of real servers. Whoever asks for `held`
 * gets nothing until `release`.
 */
export function scriptedUpstream(): {
  handler: Handler;
  ending(next: ScriptedEnding): void;
  release(): void;
} {
  let current: ScriptedEnding = "whole";
  let release = (): void => {};
  return {
    ending: (next) => {
      current = next;
    },
    release: () => release(),
    handler: async (seen, response) => {
      const held = seen.body.includes('"held"');
      if (held) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      const isEndless = (): boolean => current === "endless";
      await play(scriptFor(seen), held ? "whole" : current, response, isEndless);
    },
  };
}
