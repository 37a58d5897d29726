import Anthropic from "@anthropic-ai/sdk";
import type { Said } from "./cases.ts";
import { names, nobody, open, parameters, prompt, type SdkClient, stopOf } from "./sdk-client.ts";

function ofMessage({ content, stop_reason, usage }: Anthropic.Message): Said {
  const said: Said = {
    text: "",
    reasoning: "",
    signature: null,
    calls: [],
    stop: stopOf(stop_reason),
    usage: {
      input:
        usage.input_tokens +
        (usage.cache_read_input_tokens ?? 0) +
        (usage.cache_creation_input_tokens ?? 0),
      cached: usage.cache_read_input_tokens ?? 0,
      output: usage.output_tokens,
      reasoning: 0,
    },
  };
  for (const block of content) {
    if (block.type === "text") said.text += block.text;
    else if (block.type === "thinking") {
      said.reasoning += block.thinking;
      said.signature = block.signature === "" ? null : block.signature;
    } else if (block.type === "tool_use") {
      said.calls.push({ name: block.name, input: block.input });
    }
  }
  return said;
}

export const messagesClient: SdkClient = {
  name: "@anthropic-ai/sdk",
  package: "@anthropic-ai/sdk",
  dialect: "messages",
  sees: { signature: true, reasoningTokens: false },
  async stream(ask) {
    const anthropic = new Anthropic({ baseURL: ask.url, apiKey: ask.key ?? "k", ...nobody });
    const stream = anthropic.messages.stream(messagesBody(), open(ask));
    for await (const _event of stream) await ask.onPiece?.();
    return ofMessage(await stream.finalMessage());
  },
  async whole(ask) {
    const anthropic = new Anthropic({ baseURL: ask.url, apiKey: ask.key ?? "k", ...nobody });
    return ofMessage(await anthropic.messages.create(messagesBody(), open(ask)));
  },
};

function messagesBody() {
  return {
    model: "asked",
    max_tokens: 1000,
    messages: [{ role: "user" as const, content: prompt }],
    tools: names.map((name) => ({
      name,
      input_schema: { ...parameters, type: "object" as const },
    })),
  };
}
