import type { Call } from "./call.ts";
import { chat } from "./chat.ts";
import { completions } from "./completions.ts";
import { chatInputTokens, detokenize, responsesInputTokens, tokenize } from "./counting.ts";
import { embeddings } from "./embeddings.ts";
import { countTokens, messages } from "./messages.ts";
import { rerank } from "./rerank.ts";
import { responses } from "./responses.ts";

/** What the echo does at each path that takes a POST. */
export const echoEndpoints: ReadonlyMap<string, (call: Call) => Promise<void>> = new Map([
  ["/v1/chat/completions", chat],
  ["/v1/chat/completions/input_tokens", chatInputTokens],
  ["/v1/completions", completions],
  ["/v1/messages", messages],
  ["/v1/messages/count_tokens", countTokens],
  ["/v1/responses", responses],
  ["/v1/responses/input_tokens", responsesInputTokens],
  ["/v1/embeddings", embeddings],
  ["/v1/rerank", rerank],
  ["/v1/reranking", rerank],
  ["/v1/tokenize", tokenize],
  ["/v1/detokenize", detokenize],
]);

/** The one model there is. */
const model = { id: "echo", object: "model", created: 1760000000, owned_by: "llm-gateway" };

/** What the echo says at each path that takes a GET. */
export const echoPages: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["/health", { status: "ok" }],
  ["/v1/models", { object: "list", data: [model] }],
  ["/v1/models/echo", model],
]);
