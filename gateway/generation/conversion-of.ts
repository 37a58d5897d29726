import type { Conversion } from "../dialects/hub/convert.ts";
import type { EmbeddingTranslator, Translator } from "../dialects/hub/hub.ts";
import { json } from "../dialects/json/json-framing.ts";
import { findTopLevel } from "../dialects/json/json-scan.ts";
import { modelAt } from "../upstreams/destination.ts";
import { targetFor } from "../upstreams/speaks.ts";
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

/** A body up to this is scanned for its tools. Bytes. */
const mostScanned = 64 * 1024;

/**
 * True if the request has tools. A larger body is searched only: a scan of megabytes would hold the event loop. The search begins
 * with a letter, which is rarer than a quote.
 */
export function namesTools(body: Buffer): boolean {
  if (body.length > mostScanned) return body.includes('tools"');
  return findTopLevel(body, "tools").some(({ start, end }) => end - start > "null".length);
}

/** How a generation is converted for an upstream that speaks another dialect. */
export function conversionOf(
  { conversions, streamUpstream }: ConversionParts,
  { exchange, request, destination, expectedInput, meter }: Accepted,
  upstream: Upstream,
  translator: Translator | EmbeddingTranslator,
): Conversion {
  const askedModel = request.fields.model ?? "";
  const model = modelAt(destination, upstream) ?? askedModel;
  const { body } = request;
  const hasTools = (): boolean => Buffer.isBuffer(body) && namesTools(body);
  return {
    ...conversions,
    translator,
    framing: request.fields.framing ?? json,
    target: targetFor(upstream, { model, dialect: exchange.dialect, hasTools }),
    requestId: exchange.requestId,
    inputTokens: expectedInput,
    askedModel,
    model,
    streamUpstream,
    upstreamId: (id) => meter.named(id),
  };
}
