import { answerWithCost } from "../dialects/openrouter/openrouter-cost.ts";
import type { Shaper } from "./shaper.ts";

/** Answers that are neither events nor JSON that we edit: audio, images, embeddings. Bytes pass. */
export function createBytesShaper(watch: (chunk: Buffer) => void): Shaper {
  let held: Buffer | null = null;
  return {
    framing: null,
    edits: false,
    ended: false,
    upstreamId: null,
    push(chunk) {
      watch(chunk);
      const out = held;
      held = chunk;
      return out;
    },
    finish: () => held,
  };
}

/** A whole answer with its cost in its usage, as OpenRouter's clients read it. */
export function createPricedShaper(inner: Shaper, cost: () => number | null): Shaper {
  return {
    framing: inner.framing,
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
