import { geminiTarget } from "../dialects/gemini/gemini-target.ts";
import type { Conversion } from "../dialects/hub/convert.ts";
import type { Convertible } from "../dialects/hub/hub.ts";
import type { AttemptOptions } from "../upstreams/attempt.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { RoadParts } from "./parts.ts";
import type { Accepted } from "./reserve.ts";

/** Sends a generation to an upstream that speaks another dialect. */
export function convertedSend(
  parts: Pick<RoadParts, "conversions" | "streamUpstream">,
  accepted: Accepted,
  upstream: Upstream,
  model: string | null,
): NonNullable<AttemptOptions["send"]> {
  const conversion = conversionOf(parts, accepted, upstream, model);
  return async (outbound, receiver, signal) => {
    // Loaded with the first conversion: the start, and memory at rest, need not have it.
    const { forwardConverted } = await import("../upstreams/forward-converted.ts");
    await forwardConverted(upstream, outbound, conversion, receiver, signal);
  };
}

function conversionOf(
  { conversions, streamUpstream }: Pick<RoadParts, "conversions" | "streamUpstream">,
  { exchange, asked, meter }: Accepted,
  { family }: Upstream,
  model: string | null,
): Conversion {
  const { dialect, requestId, path, query } = exchange;
  const form = dialect === "gemini" ? geminiTarget(path, query)?.stream : null;
  const askedModel = asked.fields.model ?? "";
  return {
    ...conversions,
    dialect: dialect as Convertible,
    family,
    stream: asked.fields.stream || form === "array",
    requestId,
    askedModel,
    model: model ?? askedModel,
    arrayForm: form === "array",
    streamUpstream,
    upstreamId: (id) => meter.named(id),
  };
}
