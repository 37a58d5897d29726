import type { LanguageModelV4Content, LanguageModelV4StreamPart } from "@ai-sdk/provider";

/** An image that a model made. `base64` is null where the upstream gives an address only. */
export type AnsweredImage = {
  readonly mediaType: string;
  readonly base64: string | null;
  /** The address, or a `data:` address with the content. */
  readonly url: string;
};

/** The image in a part of an answer; null for any other part. */
export function imageIn(
  part: LanguageModelV4Content | LanguageModelV4StreamPart,
): AnsweredImage | null {
  if (part.type !== "file" || !part.mediaType.startsWith("image/")) return null;
  const { mediaType, data } = part;
  if (data.type === "url") return { mediaType, base64: null, url: String(data.url) };
  const base64 =
    typeof data.data === "string" ? data.data : Buffer.from(data.data).toString("base64");
  return { mediaType, base64, url: `data:${mediaType};base64,${base64}` };
}
