import { answerWithCost } from "../dialects/openrouter/openrouter-cost.ts";
import type { Shaper } from "./shaper.ts";

/** A whole answer with what it cost in its usage, as OpenRouter's clients read it. */
export function createPricedShaper(inner: Shaper, cost: () => number | null): Shaper {
  return {
    streams: inner.streams,
    edits: true,
    get ended() {
      return inner.ended;
    },
    get upstreamId() {
      return inner.upstreamId;
    },
    push: (chunk) => inner.push(chunk),
    finish() {
      const bytes = inner.finish();
      const total = cost();
      if (bytes === null) return null;
      const body = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
      return answerWithCost(body, total === null ? null : { total, parts: null });
    },
  };
}
