import type { Conversion } from "../dialects/hub/convert.ts";
import type { EmbeddingTranslator, Translator } from "../dialects/hub/hub.ts";
import { json } from "../dialects/json/json-framing.ts";
import { modelAt } from "../upstreams/destination.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { Accepted } from "./reserve.ts";

export type ConversionParts = {
  /** `strict` refuses what a conversion would lose; `defaultMaxTokens` is for Anthropic. */
  conversions: { readonly strict: boolean; readonly defaultMaxTokens: number | null };
  /**
   * Asks llama.cpp for a stream even if the client does not stream: it notices only of a streaming
   * client that it has left.
   */
  streamUpstream: boolean;
};

/** How a generation is converted for an upstream that speaks another dialect. */
export function conversionOf(
  { conversions, streamUpstream }: ConversionParts,
  { exchange, request, destination, meter }: Accepted,
  upstream: Upstream,
  translator: Translator | EmbeddingTranslator,
): Conversion {
  const askedModel = request.fields.model ?? "";
  return {
    ...conversions,
    translator,
    framing: request.fields.framing ?? json,
    family: upstream.family,
    requestId: exchange.requestId,
    askedModel,
    model: modelAt(destination, upstream) ?? askedModel,
    streamUpstream,
    upstreamId: (id) => meter.named(id),
  };
}
