import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import type { Convertible } from "../../dialects/conversion/hub.ts";
import type { Said } from "./cases.ts";

/** How a client is asked. */
export type Ask = {
  url: string;
  signal?: AbortSignal;
  /** Called with each piece of the answer. */
  onPiece?: () => void | Promise<void>;
};

/** A published SDK, speaking one dialect. */
export type SdkClient = {
  name: string;
  package: string;
  dialect: Convertible;
  /** What its dialect has words for. */
  sees: { signature: boolean; reasoningTokens: boolean };
  stream(ask: Ask): Promise<Said>;
  whole(ask: Ask): Promise<Said>;
};

const prompt = "What is the answer?";
const parameters = { type: "object", properties: { city: { type: "string" } } };
const names = ["light", "weather", "clock"];
const nobody = { maxRetries: 0 };

function stopOf(reason: unknown): Said["stop"] {
  switch (reason) {
    case "tool_calls":
    case "tool_use":
      return "tools";
    case "length":
    case "max_tokens":
    case "MAX_TOKENS":
    case "max_output_tokens":
      return "length";
    case "content_filter":
    case "refusal":
    case "SAFETY":
      return "filter";
    case "stop":
    case "end_turn":
    case "STOP":
    case "completed":
      return "stop";
    default:
      throw new Error(`an end that is none: ${String(reason)}`);
  }
}

const open = (ask: Ask): { signal?: AbortSignal } =>
  ask.signal === undefined ? {} : { signal: ask.signal };

function ofChat(answer: OpenAI.Chat.ChatCompletion): Said {
  const choice = answer.choices[0]!;
  const { message, finish_reason } = choice;
  const reasoning = (message as { reasoning_content?: string }).reasoning_content ?? "";
  const usage = answer.usage!;
  return {
    text: message.content ?? "",
    reasoning,
    signature: null,
    calls: (message.tool_calls ?? []).map((call) => {
      const { function: called } = call as { function: { name: string; arguments: string } };
      return { name: called.name, input: JSON.parse(called.arguments) };
    }),
    stop: stopOf(finish_reason),
    usage: {
      input: usage.prompt_tokens,
      cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
      output: usage.completion_tokens,
      reasoning: usage.completion_tokens_details?.reasoning_tokens ?? 0,
    },
  };
}

const chatClient: SdkClient = {
  name: "openai, chat",
  package: "openai",
  dialect: "chat",
  sees: { signature: false, reasoningTokens: true },
  async stream(ask) {
    const openai = new OpenAI({ baseURL: `${ask.url}/v1`, apiKey: "k", ...nobody });
    let reasoning = "";
    const stream = openai.chat.completions.stream(chatBody(), open(ask));
    for await (const chunk of stream) {
      const delta = chunk.choices[0]?.delta as { reasoning_content?: string } | undefined;
      reasoning += delta?.reasoning_content ?? "";
      await ask.onPiece?.();
    }
    const answer = await stream.finalChatCompletion();
    return { ...ofChat(answer), reasoning };
  },
  async whole(ask) {
    const openai = new OpenAI({ baseURL: `${ask.url}/v1`, apiKey: "k", ...nobody });
    return ofChat(
      await openai.chat.completions.create({ ...chatBody(), stream: false }, open(ask)),
    );
  },
};

function chatBody() {
  return {
    model: "asked",
    messages: [{ role: "user" as const, content: prompt }],
    tools: names.map((name) => ({ type: "function" as const, function: { name, parameters } })),
    stream_options: { include_usage: true },
    stream: true as const,
  };
}

function ofResponse(answer: OpenAI.Responses.Response): Said {
  let text = "";
  let reasoning = "";
  let signature: string | null = null;
  const calls: Said["calls"] = [];
  for (const item of answer.output) {
    if (item.type === "message") {
      for (const part of item.content) if (part.type === "output_text") text += part.text;
    } else if (item.type === "reasoning") {
      for (const part of item.summary) reasoning += part.text;
      signature = item.encrypted_content ?? null;
    } else if (item.type === "function_call") {
      calls.push({ name: item.name, input: JSON.parse(item.arguments) });
    }
  }
  const usage = answer.usage!;
  const reason = answer.incomplete_details?.reason ?? answer.status;
  return {
    text,
    reasoning,
    signature,
    calls,
    stop: calls.length > 0 && reason === "completed" ? "tools" : stopOf(reason),
    usage: {
      input: usage.input_tokens,
      cached: usage.input_tokens_details.cached_tokens,
      output: usage.output_tokens,
      reasoning: usage.output_tokens_details.reasoning_tokens,
    },
  };
}

const responsesClient: SdkClient = {
  name: "openai, responses",
  package: "openai",
  dialect: "responses",
  sees: { signature: true, reasoningTokens: true },
  async stream(ask) {
    const openai = new OpenAI({ baseURL: `${ask.url}/v1`, apiKey: "k", ...nobody });
    const stream = openai.responses.stream(responsesBody(), open(ask));
    for await (const _event of stream) await ask.onPiece?.();
    return ofResponse(await stream.finalResponse());
  },
  async whole(ask) {
    const openai = new OpenAI({ baseURL: `${ask.url}/v1`, apiKey: "k", ...nobody });
    return ofResponse(await openai.responses.create(responsesBody(), open(ask)));
  },
};

function responsesBody() {
  return {
    model: "asked",
    input: prompt,
    tools: names.map((name) => ({ type: "function" as const, name, parameters, strict: false })),
  };
}

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

const messagesClient: SdkClient = {
  name: "@anthropic-ai/sdk",
  package: "@anthropic-ai/sdk",
  dialect: "messages",
  sees: { signature: true, reasoningTokens: false },
  async stream(ask) {
    const anthropic = new Anthropic({ baseURL: ask.url, apiKey: "k", ...nobody });
    const stream = anthropic.messages.stream(messagesBody(), open(ask));
    for await (const _event of stream) await ask.onPiece?.();
    return ofMessage(await stream.finalMessage());
  },
  async whole(ask) {
    const anthropic = new Anthropic({ baseURL: ask.url, apiKey: "k", ...nobody });
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

type GeminiAnswer = Awaited<ReturnType<GoogleGenAI["models"]["generateContent"]>>;

function ofGemini(answers: readonly GeminiAnswer[]): Said {
  const said = { text: "", reasoning: "", signature: null as string | null };
  const calls: Said["calls"] = [];
  for (const part of answers.flatMap((one) => one.candidates?.[0]?.content?.parts ?? [])) {
    if (part.functionCall !== undefined) {
      calls.push({ name: part.functionCall.name ?? "", input: part.functionCall.args });
    } else if (part.thought) {
      said.reasoning += part.text ?? "";
      said.signature = part.thoughtSignature ?? said.signature;
    } else said.text += part.text ?? "";
  }
  const last = answers.at(-1);
  const usage = last?.usageMetadata;
  const stop = stopOf(last?.candidates?.[0]?.finishReason);
  const reasoning = usage?.thoughtsTokenCount ?? 0;
  return {
    ...said,
    calls,
    stop: stop === "stop" && calls.length > 0 ? "tools" : stop,
    usage: {
      input: usage?.promptTokenCount ?? -1,
      cached: usage?.cachedContentTokenCount ?? 0,
      output: (usage?.candidatesTokenCount ?? 0) + reasoning,
      reasoning,
    },
  };
}

const geminiClient: SdkClient = {
  name: "@google/genai",
  package: "@google/genai",
  dialect: "gemini",
  sees: { signature: true, reasoningTokens: true },
  async stream(ask) {
    const stream = await gemini(ask).models.generateContentStream(geminiBody(ask));
    const answers: GeminiAnswer[] = [];
    for await (const one of stream) {
      answers.push(one);
      await ask.onPiece?.();
    }
    return ofGemini(answers);
  },
  async whole(ask) {
    return ofGemini([await gemini(ask).models.generateContent(geminiBody(ask))]);
  },
};

function gemini(ask: Ask): GoogleGenAI {
  return new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: ask.url } });
}

function geminiBody(ask: Ask) {
  return {
    model: "asked",
    contents: prompt,
    config: {
      tools: [
        { functionDeclarations: names.map((name) => ({ name, parametersJsonSchema: parameters })) },
      ],
      ...(ask.signal === undefined ? {} : { abortSignal: ask.signal }),
    },
  };
}

export const sdkClients: readonly SdkClient[] = [
  chatClient,
  responsesClient,
  messagesClient,
  geminiClient,
];
