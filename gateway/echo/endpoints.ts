import type { EchoCall } from "./call.ts";
import { answerChat } from "./chat.ts";
import { answerCompletions } from "./completions.ts";
import {
  answerDetokenize,
  answerTokenize,
  countChatInput,
  countResponsesInput,
} from "./counting.ts";
import { answerEmbeddings } from "./embeddings.ts";
import { answerMessages, countMessages } from "./messages.ts";
import { answerRerank } from "./rerank.ts";
import { answerResponses } from "./responses.ts";

/** The function that answers a POST on each path. */
export const echoEndpoints: ReadonlyMap<string, (call: EchoCall) => Promise<void>> = new Map([
  ["/v1/chat/completions", answerChat],
  ["/v1/chat/completions/input_tokens", countChatInput],
  ["/v1/completions", answerCompletions],
  ["/v1/messages", answerMessages],
  ["/v1/messages/count_tokens", countMessages],
  ["/v1/responses", answerResponses],
  ["/v1/responses/input_tokens", countResponsesInput],
  ["/v1/embeddings", answerEmbeddings],
  ["/v1/rerank", answerRerank],
  ["/v1/reranking", answerRerank],
  ["/v1/tokenize", answerTokenize],
  ["/v1/detokenize", answerDetokenize],
]);

/** The only model. */
const model = { id: "echo", object: "model", created: 1760000000, owned_by: "llm-gateway" };

/** The answer to a GET on each path. */
export const echoPages: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["/health", { status: "ok" }],
  ["/v1/models", { object: "list", data: [model] }],
  ["/v1/models/echo", model],
]);
