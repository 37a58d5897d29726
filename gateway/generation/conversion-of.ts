import { geminiTarget } from "../dialects/gemini/gemini-target.ts";
import type { Conversion } from "../dialects/hub/convert.ts";
import type { Convertible } from "../dialects/hub/hub.ts";
import { modelAt } from "../upstreams/destination.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { Accepted } from "./reserve.ts";

export type ConversionParts = {
  /** `strict` refuses what a conversion would lose; `defaultMaxTokens` is for Anthropic. */
  conversions: { readonly strict: boolean; readonly defaultMaxTokens: number };
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
): Conversion {
  const { dialect, requestId, path, query } = exchange;
  const form = dialect === "gemini" ? geminiTarget(path, query)?.stream : null;
  const askedModel = request.fields.model ?? "";
  return {
    ...conversions,
    dialect: dialect as Convertible,
    family: upstream.family,
    stream: request.fields.stream || form === "array",
    requestId,
    askedModel,
    model: modelAt(destination, upstream) ?? askedModel,
    arrayForm: form === "array",
    streamUpstream,
    upstreamId: (id) => meter.named(id),
  };
}
