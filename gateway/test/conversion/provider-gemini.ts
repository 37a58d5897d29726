import { type Case, pieces } from "./cases.ts";

const reasons = { stop: "STOP", tools: "STOP", length: "MAX_TOKENS", filter: "SAFETY" };

function usageOf({ usage }: Case): Record<string, unknown> {
  return {
    promptTokenCount: usage.input,
    candidatesTokenCount: usage.output - usage.reasoning,
    totalTokenCount: usage.input + usage.output,
    cachedContentTokenCount: usage.cached,
    ...(usage.reasoning > 0 ? { thoughtsTokenCount: usage.reasoning } : {}),
    promptTokensDetails: [{ modality: "TEXT", tokenCount: usage.input }],
  };
}

function partsOf(one: Case, cut: (text: string) => string[]): Record<string, unknown>[] {
  const thoughts: Record<string, unknown>[] = cut(one.reasoning).map((text) => ({
    text,
    thought: true,
  }));
  const texts: Record<string, unknown>[] = cut(one.text).map((text) => ({ text }));
  const calls = one.calls.map(({ name, input }, index) => ({
    functionCall: { name, args: input },
    // Gemini gives its proof with the first of several calls.
    ...(index === 0 ? { thoughtSignature: "Y2FsbA==" } : {}),
  }));
  if (one.signature !== null) {
    const last = thoughts.at(-1);
    if (last !== undefined) last.thoughtSignature = one.signature;
  }
  return [...thoughts, ...texts, ...calls];
}

/** The stream of Gemini's streamGenerateContent?alt=sse: no event for its end. */
export function geminiEvents(one: Case): string[] {
  const rest = { modelVersion: "up", responseId: "resp-up" };
  const parts = partsOf(one, pieces);
  const chunks = parts.map((part, at) => {
    const isLast = at === parts.length - 1;
    const content = { role: "model", parts: [part] };
    const end = isLast ? { finishReason: reasons[one.stop] } : {};
    return {
      candidates: [{ content, ...end, index: 0 }],
      usageMetadata: isLast
        ? usageOf(one)
        : { promptTokenCount: one.usage.input, totalTokenCount: one.usage.input },
      ...rest,
    };
  });
  // As Google writes it, with CRLF.
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`);
}

export function geminiWhole(one: Case): object {
  const content = { role: "model", parts: partsOf(one, (text) => (text === "" ? [] : [text])) };
  return {
    candidates: [{ content, finishReason: reasons[one.stop], index: 0 }],
    usageMetadata: usageOf(one),
    modelVersion: "up",
    responseId: "resp-up",
  };
}
