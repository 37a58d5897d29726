import { answerWithCost } from "../dialects/openrouter/openrouter-cost.ts";
import { longestError, refuseShortError } from "../dialects/refuse-error.ts";
import type { Shaper } from "./shaper.ts";

/** Answers that are neither events nor JSON that we edit: audio, images. Bytes pass. */
export function createBytesShaper(): Shaper {
  let held: Buffer | null = null;
  return {
    framing: null,
    edits: false,
    ended: false,
    upstreamId: null,
    push(chunk) {
      const out = held;
      held = chunk;
      return out;
    },
    finish: () => held,
  };
}

/**
 * JSON that passes as it comes: embeddings. A short answer is kept until its end, since it may be an
 * error.
 */
export function createPassingJsonShaper(
  watch: (chunk: Buffer) => void,
  secret: string | null,
): Shaper {
  let held: Buffer | null = null;
  let isShort = true;
  return {
    framing: null,
    edits: false,
    ended: false,
    upstreamId: null,
    push(chunk) {
      watch(chunk);
      const out = held;
      if (isShort && (out?.length ?? 0) + chunk.length <= longestError) {
        held = out === null ? chunk : Buffer.concat([out, chunk]);
        return null;
      }
      isShort = false;
      held = chunk;
      return out;
    },
    finish() {
      if (isShort && held !== null) refuseShortError(held, secret);
      return held;
    },
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
