import OpenAI from "openai";
import type { Said } from "./cases.ts";
import { names, nobody, open, parameters, prompt, type SdkClient, stopOf } from "./sdk-client.ts";

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

export const chatClient: SdkClient = {
  name: "openai, chat",
  package: "openai",
  dialect: "chat",
  sees: { signature: false, reasoningTokens: true },
  async stream(ask) {
    const openai = new OpenAI({ baseURL: `${ask.url}/v1`, apiKey: ask.key ?? "k", ...nobody });
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
    const openai = new OpenAI({ baseURL: `${ask.url}/v1`, apiKey: ask.key ?? "k", ...nobody });
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

export const responsesClient: SdkClient = {
  name: "openai, responses",
  package: "openai",
  dialect: "responses",
  sees: { signature: true, reasoningTokens: true },
  async stream(ask) {
    const openai = new OpenAI({ baseURL: `${ask.url}/v1`, apiKey: ask.key ?? "k", ...nobody });
    const stream = openai.responses.stream(responsesBody(), open(ask));
    for await (const _event of stream) await ask.onPiece?.();
    return ofResponse(await stream.finalResponse());
  },
  async whole(ask) {
    const openai = new OpenAI({ baseURL: `${ask.url}/v1`, apiKey: ask.key ?? "k", ...nobody });
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
