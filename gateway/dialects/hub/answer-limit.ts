import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { GatewayError } from "../../errors.ts";

/** Of one answer; an answer that is not streamed is no longer either. Characters. */
const most = 64 * 1024 * 1024;

/**
 * What a call costs beside its text, twice: as it begins and as it ends. The hub looks through
 * those of an answer at each of their pieces; of some four thousand that takes no time yet.
 */
const perCall = 8 * 1024;

function sizeOf(part: LanguageModelV4StreamPart): number {
  switch (part.type) {
    case "text-delta":
    case "reasoning-delta":
    case "tool-input-delta":
      return part.delta.length;
    case "tool-input-start":
      return perCall;
    case "tool-call":
      return perCall + part.input.length;
    default:
      return 0;
  }
}

/**
 * Looks at the parts of one answer, which the hub and some dialects keep until its end. Throws
 * `upstream_error` where an answer goes on without one.
 */
export function createAnswerLimit(): (part: LanguageModelV4StreamPart) => void {
  let size = 0;
  return (part) => {
    size += sizeOf(part);
    if (size > most) throw new GatewayError("upstream_error", "The upstream's answer is too long.");
  };
}
