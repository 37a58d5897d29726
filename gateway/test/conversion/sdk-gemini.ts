import { GoogleGenAI } from "@google/genai";
import type { Said } from "./cases.ts";
import { type Ask, names, parameters, prompt, type SdkClient, stopOf } from "./sdk-client.ts";

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

export const geminiClient: SdkClient = {
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
  return new GoogleGenAI({ apiKey: ask.key ?? "k", httpOptions: { baseUrl: ask.url } });
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
