import type { Said } from "./cases.ts";
import type { Convertible } from "./requests.ts";

/** How a client is asked. */
export type Ask = {
  url: string;
  key?: string;
  signal?: AbortSignal;
  /** Called with each piece of the answer. */
  onPiece?: () => void | Promise<void>;
};

/** A published SDK, speaking one dialect. */
export type SdkClient = {
  name: string;
  package: string;
  dialect: Convertible;
  /** What its dialect has words for. */
  sees: { signature: boolean; reasoningTokens: boolean };
  stream(ask: Ask): Promise<Said>;
  whole(ask: Ask): Promise<Said>;
};

export const prompt = "What is the answer?";
export const parameters = { type: "object", properties: { city: { type: "string" } } };
export const names: string[] = ["light", "weather", "clock"];
export const nobody = { maxRetries: 0 };

export function stopOf(reason: unknown): Said["stop"] {
  switch (reason) {
    case "tool_calls":
    case "tool_use":
      return "tools";
    case "length":
    case "max_tokens":
    case "MAX_TOKENS":
    case "max_output_tokens":
      return "length";
    case "content_filter":
    case "refusal":
    case "SAFETY":
      return "filter";
    case "stop":
    case "end_turn":
    case "STOP":
    case "completed":
      return "stop";
    default:
      throw new Error(`an end that is none: ${String(reason)}`);
  }
}

export const open = (ask: Ask): { signal?: AbortSignal } =>
  ask.signal === undefined ? {} : { signal: ask.signal };
