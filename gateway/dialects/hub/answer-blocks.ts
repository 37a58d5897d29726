import type { LanguageModelV4Content } from "@ai-sdk/provider";
import { imageIn } from "./answer-images.ts";
import { redactedOf, signatureOf, thoughtSignatureOf } from "./answer-signature.ts";

/** One block of an answer, for dialects that give an answer in blocks. */
export type Block = {
  readonly kind: "text" | "reasoning" | "redacted" | "tool" | "image";
  /** A tool call's own id; of other blocks whatever the hub calls them. */
  readonly id: string;
  /** A tool's name. */
  readonly name: string;
  /** What it says so far: text, thought, encrypted data, the arguments as JSON text, or base64. */
  text: string;
  /** The proof of a thought; of a call, Gemini's. */
  signature: string | null;
};

function blockOf(part: LanguageModelV4Content): Block | null {
  const bare = { id: "", name: "", signature: null };
  switch (part.type) {
    case "text":
      return part.text === "" ? null : { ...bare, kind: "text", text: part.text };
    case "reasoning": {
      const redacted = redactedOf(part.providerMetadata);
      if (redacted !== null) return { ...bare, kind: "redacted", text: redacted };
      const signature = signatureOf(part.providerMetadata);
      if (part.text === "" && signature === null) return null;
      return { ...bare, kind: "reasoning", text: part.text, signature };
    }
    case "tool-call": {
      // What the provider ran itself is no call for the client.
      if (part.providerExecuted) return null;
      const { toolCallId: id, toolName: name, input } = part;
      const signature = thoughtSignatureOf(part.providerMetadata);
      return { kind: "tool", id, name, text: input || "{}", signature };
    }
    default: {
      const text = imageIn(part)?.base64 ?? null;
      return text === null ? null : { ...bare, kind: "image", text };
    }
  }
}

/** The blocks of an answer that was not streamed. Empty ones are left out: replayed, they fail. */
export function blocksOf(content: readonly LanguageModelV4Content[]): Block[] {
  return content.map(blockOf).filter((block) => block !== null);
}
