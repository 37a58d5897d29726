import type { LanguageModelV4FinishReason, SharedV4ProviderMetadata } from "@ai-sdk/provider";

/** Why an answer ended, in the words of each dialect. `calls`: a tool call was written. */
export type Stop = { readonly reason: LanguageModelV4FinishReason; readonly calls: boolean };

/** A call outweighs "stop", and there are upstreams that say the one with the other. */
function stopped({ reason: { unified }, calls }: Stop): "stop" | "tools" | "length" | "filter" {
  if (unified === "length") return "length";
  if (unified === "content-filter") return "filter";
  return calls ? "tools" : "stop";
}

const chatReasons = {
  stop: "stop",
  tools: "tool_calls",
  length: "length",
  filter: "content_filter",
} as const;

/** The `finish_reason` of chat. */
export function chatReason(stop: Stop): string {
  return chatReasons[stopped(stop)];
}

const messagesReasons = {
  stop: "end_turn",
  tools: "tool_use",
  length: "max_tokens",
  filter: "refusal",
} as const;

/** Only Anthropic tells which stop sequence was hit. */
export function messagesReason(
  stop: Stop,
  metadata: SharedV4ProviderMetadata | undefined,
): { stop_reason: string; stop_sequence: string | null } {
  const sequence = metadata?.anthropic?.stopSequence;
  if (typeof sequence === "string" && stopped(stop) === "stop") {
    return { stop_reason: "stop_sequence", stop_sequence: sequence };
  }
  return { stop_reason: messagesReasons[stopped(stop)], stop_sequence: null };
}

/** Gemini has no word for a call: STOP. `broken`: a call was left out, its arguments no object. */
export function geminiReason(stop: Stop, broken: boolean): string {
  const kind = stopped(stop);
  if (kind === "length") return "MAX_TOKENS";
  if (kind === "filter") return "SAFETY";
  if (broken) return "MALFORMED_FUNCTION_CALL";
  return kind === "stop" && stop.reason.unified === "other" ? "OTHER" : "STOP";
}

/** How a response ended: its status, and why it is not complete. */
export function responseStatus({ reason }: Pick<Stop, "reason">): {
  status: "completed" | "incomplete";
  incomplete_details: { reason: string } | null;
} {
  if (reason.unified === "length") {
    return { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } };
  }
  if (reason.unified === "content-filter") {
    return { status: "incomplete", incomplete_details: { reason: "content_filter" } };
  }
  return { status: "completed", incomplete_details: null };
}
