import type { SharedV4ProviderMetadata } from "@ai-sdk/provider";

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Anthropic's proof of a thought, which it wants back with the thought. */
export function signatureOf(metadata: SharedV4ProviderMetadata | undefined): string | null {
  return metadata === undefined ? null : text(metadata.anthropic?.signature);
}

/** A thought that Anthropic shows to nobody but itself. */
export function redactedOf(metadata: SharedV4ProviderMetadata | undefined): string | null {
  return metadata === undefined ? null : text(metadata.anthropic?.redactedData);
}

/** Gemini's proof, from Google's own upstream or from one with OpenAI's API. */
export function thoughtSignatureOf(metadata: SharedV4ProviderMetadata | undefined): string | null {
  for (const provider in metadata) {
    const found = text(metadata[provider]?.thoughtSignature);
    if (found !== null) return found;
  }
  return null;
}
