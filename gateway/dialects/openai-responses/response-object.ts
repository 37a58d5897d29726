import { isJsonObject, type JsonObject } from "../../json-object.ts";

type Fields = Record<string, unknown>;

/** Top-level fields of a request that the response object repeats. */
export const repeatedFields: readonly string[] = [
  "background",
  "frequency_penalty",
  "instructions",
  "max_output_tokens",
  "max_tool_calls",
  "metadata",
  "parallel_tool_calls",
  "presence_penalty",
  "previous_response_id",
  "prompt_cache_key",
  "reasoning",
  "safety_identifier",
  "temperature",
  "text",
  "tool_choice",
  "tools",
  "top_logprobs",
  "top_p",
];

const numberOr = <T>(value: unknown, otherwise: T): number | T =>
  typeof value === "number" ? value : otherwise;

const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);

const objectOr = (value: unknown, otherwise: JsonObject): JsonObject =>
  isJsonObject(value) ? value : otherwise;

/** A tool as OpenAI's answers have it: its optional fields are null, not absent. */
function toolOf(tool: unknown): unknown {
  if (!isJsonObject(tool) || tool.type !== "function") return tool;
  return { description: null, parameters: null, strict: null, ...tool };
}

/** What the request had asked for, or OpenAI's default. */
function repeated(request: JsonObject): Fields {
  return {
    background: false,
    frequency_penalty: numberOr(request.frequency_penalty, 0),
    instructions: request.instructions ?? null,
    max_output_tokens: numberOr(request.max_output_tokens, null),
    max_tool_calls: numberOr(request.max_tool_calls, null),
    metadata: objectOr(request.metadata, {}),
    parallel_tool_calls: request.parallel_tool_calls !== false,
    presence_penalty: numberOr(request.presence_penalty, 0),
    previous_response_id: textOrNull(request.previous_response_id),
    prompt_cache_key: textOrNull(request.prompt_cache_key),
    reasoning: { effort: null, summary: null, ...objectOr(request.reasoning, {}) },
    safety_identifier: textOrNull(request.safety_identifier),
    service_tier: "default",
    store: false,
    temperature: numberOr(request.temperature, 1),
    text: { format: { type: "text" }, ...objectOr(request.text, {}) },
    tool_choice: request.tool_choice ?? "auto",
    tools: Array.isArray(request.tools) ? request.tools.map(toolOf) : [],
    top_logprobs: numberOr(request.top_logprobs, 0),
    top_p: numberOr(request.top_p, 1),
    truncation: "disabled",
  };
}

/** What a response says of itself. */
export type ResponseHead = {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
  /** As the client asked for it. */
  readonly model: string;
  readonly status: "queued" | "in_progress" | "completed" | "incomplete" | "failed";
  /** The client's request, or of it what is to be repeated. */
  readonly request: JsonObject;
};

/**
 * A response as the gateway writes it, with every field of OpenAI's and of the Open Responses
 * schema (openresponses.org, `ResponseResource`). `rest` has what a response of this status tells:
 * its output, its usage, its error.
 */
export function responseObject(head: ResponseHead, rest: Fields = {}): Fields {
  const { id, created, model, status, request } = head;
  return {
    id,
    object: "response",
    created_at: created,
    completed_at: status === "completed" ? Math.max(created, Math.floor(Date.now() / 1000)) : null,
    status,
    error: null,
    incomplete_details: null,
    model,
    output: [],
    usage: null,
    ...repeated(request),
    ...rest,
  };
}
