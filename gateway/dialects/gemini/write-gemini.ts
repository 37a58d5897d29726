import type {
  LanguageModelV4Content,
  LanguageModelV4FinishReason,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
} from "@ai-sdk/provider";
import { isJsonObject } from "../../json-object.ts";
import { eventJson } from "../hub/answer-event.ts";
import { imageIn } from "../hub/answer-images.ts";
import { signatureOf, thoughtSignatureOf } from "../hub/answer-signature.ts";
import { geminiReason } from "../hub/answer-stop.ts";
import { geminiUsage } from "../hub/answer-usage.ts";
import type { AnswerNames, StreamWriter, WriteWhole } from "../hub/hub.ts";
import { parseExact } from "../json/exact-json.ts";

type Fields = Record<string, unknown>;

/** A part's proof: Gemini's own, or Anthropic's of a thought, which it wants back as well. */
function proofOf(metadata: SharedV4ProviderMetadata | undefined): Fields {
  const proof = thoughtSignatureOf(metadata) ?? signatureOf(metadata);
  return proof === null ? {} : { thoughtSignature: proof };
}

/** Arguments as the object that Gemini demands; null where they are none. */
function argsOf(input: string): object | null {
  try {
    const args: unknown = parseExact(input || "{}") ?? {};
    return isJsonObject(args) && !JSON.isRawJSON(args) ? args : null;
  } catch {
    return null;
  }
}

/** The parts of one answer, and what there was to say of its calls. */
class Parts {
  /** A call was given to the client. */
  calls = false;
  /** A call was left out, its arguments no object: what Gemini calls a malformed one. */
  broken = false;

  text(text: string, metadata: SharedV4ProviderMetadata | undefined): Fields | null {
    const proof = thoughtSignatureOf(metadata);
    if (text === "" && proof === null) return null;
    return proof === null ? { text } : { text, thoughtSignature: proof };
  }

  thought(text: string, metadata: SharedV4ProviderMetadata | undefined): Fields | null {
    const proof = proofOf(metadata);
    if (text === "" && proof.thoughtSignature === undefined) return null;
    return { text, thought: true, ...proof };
  }

  /** Function calls come whole. What the provider ran itself is none. */
  call(part: Extract<LanguageModelV4Content, { type: "tool-call" }>): Fields | null {
    if (part.providerExecuted) return null;
    const args = argsOf(part.input);
    if (args === null) {
      this.broken = true;
      return null;
    }
    this.calls = true;
    const functionCall = { id: part.toolCallId, name: part.toolName, args };
    return { functionCall, ...proofOf(part.providerMetadata) };
  }

  image(part: LanguageModelV4Content | LanguageModelV4StreamPart): Fields | null {
    const image = imageIn(part);
    if (image === null) return null;
    const { mediaType: mimeType, base64: data, url: fileUri } = image;
    return data === null ? { fileData: { mimeType, fileUri } } : { inlineData: { mimeType, data } };
  }

  ofContent(part: LanguageModelV4Content): Fields | null {
    if (part.type === "text") return this.text(part.text, part.providerMetadata);
    if (part.type === "reasoning") return this.thought(part.text, part.providerMetadata);
    return part.type === "tool-call" ? this.call(part) : this.image(part);
  }

  ofStream(part: LanguageModelV4StreamPart): Fields | null {
    if (part.type === "text-delta") return this.text(part.delta, part.providerMetadata);
    if (part.type === "reasoning-delta") return this.thought(part.delta, part.providerMetadata);
    return part.type === "tool-call" ? this.call(part) : this.image(part);
  }

  /** The end of the answer, with its last parts. A client keeps no answer that has none. */
  end(
    parts: Fields[],
    reason: LanguageModelV4FinishReason,
    usage: LanguageModelV4Usage,
    names: AnswerNames,
  ): Fields {
    const content = { role: "model", parts: parts.length === 0 ? [{ text: "" }] : parts };
    const finishReason = geminiReason({ reason, calls: this.calls }, this.broken);
    const counts = geminiUsage(usage);
    return {
      candidates: [{ content, finishReason, index: 0 }],
      ...(counts === null ? {} : { usageMetadata: counts }),
      modelVersion: names.model,
      responseId: names.id,
    };
  }
}

/** Writes each chunk with `frame`; the last one is told. */
function createChunkWriter(
  names: AnswerNames,
  frame: (chunk: Fields, isLast: boolean) => string,
): StreamWriter {
  const parts = new Parts();
  const { model: modelVersion, id: responseId } = names;
  return {
    write(part) {
      if (part.type === "finish") {
        return frame(parts.end([], part.finishReason, part.usage, names), true);
      }
      const said = parts.ofStream(part);
      if (said === null) return "";
      const content = { role: "model", parts: [said] };
      return frame({ candidates: [{ content, index: 0 }], modelVersion, responseId }, false);
    },
  };
}

/** Writes a stream of Gemini's `streamGenerateContent?alt=sse`, which has no event for its end. */
export function createGeminiWriter(names: AnswerNames): StreamWriter {
  return createChunkWriter(names, (chunk) => `data: ${eventJson(chunk)}\n\n`);
}

/** Writes Gemini's `streamGenerateContent` without `alt=sse`: one JSON array, chunk by chunk. */
export function createGeminiArrayWriter(names: AnswerNames): StreamWriter {
  let before = "[";
  return createChunkWriter(names, (chunk, isLast) => {
    const text = before + eventJson(chunk) + (isLast ? "]" : "");
    before = ",\r\n";
    return text;
  });
}

/** An answer as one response of Gemini's `generateContent`. */
export const writeGemini: WriteWhole = ({ content, finishReason, usage }, names) => {
  const parts = new Parts();
  const said = content.map((part) => parts.ofContent(part)).filter((part) => part !== null);
  return parts.end(said, finishReason, usage, names);
};
