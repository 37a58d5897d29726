import type { Dialect } from "../exchange.ts";
import {
  checkInteger,
  checkPresent,
  choicesIn,
  isAbsent,
  optionalList,
  tokenLimit,
  wrong,
} from "./field-checks.ts";
import { geminiFields } from "./gemini/gemini-request.ts";
import type { GeminiTarget } from "./gemini/gemini-target.ts";
import { inputChars } from "./input-size.ts";
import { isJsonObject, type JsonObject, parseObject } from "./json/json-body.ts";
import { otherModels, refuseSecondModel } from "./json/one-model.ts";
import { checkChat } from "./openai-chat/chat-request.ts";

/** The few fields of a request that the gateway itself needs. */
export type RequestFields = Readonly<{
  /** Null where absent or empty: whoever routes decides whether there is a default. */
  model: string | null;
  /** Whom the upstream may ask instead, where the client names some. */
  otherModels: readonly string[];
  stream: boolean;
  /** The client itself asked for the usage chunk of a chat stream. */
  includeUsage: boolean;
  /** The most tokens a choice may have; null where unlimited or unsaid. */
  maxTokens: number | null;
  /** Choices asked for, at least 1. */
  n: number;
  /** Prompts in one text completion, at least 1: usage counts each. */
  prompts: number;
  /** Characters of text in the prompt, for estimates: roughly four to a token. */
  inputChars: number;
}>;

/** A name is kept in accounts and repeated in events; longer ones are no names. */
const maxModelName = 1024;

function modelOf(body: JsonObject): string | null {
  const { model } = body;
  if (isAbsent(model) || model === "") return null;
  if (typeof model !== "string") return wrong("model", "must be a string");
  if (model.length > maxModelName)
    return wrong("model", `must be at most ${maxModelName} characters`);
  return model;
}

function streamOf(body: JsonObject): boolean {
  const { stream } = body;
  if (isAbsent(stream)) return false;
  return typeof stream === "boolean" ? stream : wrong("stream", "must be true or false");
}

/** Which field limits the output; each is checked, the first that is there counts. */
const limits: Readonly<Partial<Record<Dialect, readonly string[]>>> = {
  chat: ["max_completion_tokens", "max_tokens"],
  completions: ["max_tokens"],
  messages: ["max_tokens"],
  responses: ["max_output_tokens"],
};

function maxTokensOf(dialect: Dialect, body: JsonObject): number | null {
  let found: number | null = null;
  for (const name of limits[dialect] ?? []) {
    const value = checkInteger(body, name, -1);
    found ??= value;
  }
  // llama-server's own name for it wins there, and is its business to check.
  const own = body.n_predict;
  if (typeof own === "number" && Number.isInteger(own)) found = own;
  return tokenLimit(found);
}

/** A list of numbers is one prompt in tokens; a list of texts or lists is several. */
function promptsOf({ prompt }: JsonObject): number {
  return Array.isArray(prompt) && typeof prompt[0] !== "number" ? Math.max(1, prompt.length) : 1;
}

function check(dialect: Dialect, body: JsonObject): void {
  if (dialect === "chat") checkChat(body);
  else if (dialect === "messages") {
    // llama-server takes an empty list here, and generates.
    checkPresent(body, ["messages"]);
    optionalList(body, "messages");
  } else if (dialect === "completions") checkPresent(body, ["prompt", "prompt_embeds"]);
  else if (dialect === "embeddings") checkPresent(body, ["input", "content", "messages"]);
  else if (dialect === "rerank") checkPresent(body, ["query"]);
}

/**
 * Reads and checks the body of a generation. Throws GatewayError (400) that names the field in
 * `param`. Checked is what no upstream would take; odd fields and ranges are the upstream's
 * business, since refusing a client that works is worse. Null counts as absent.
 *
 * @param gemini - what the path of a request of Gemini's says, which its body does not.
 */
export function readFields(
  dialect: Dialect,
  bytes: Buffer,
  gemini: GeminiTarget | null = null,
): RequestFields {
  const body = parseObject(bytes);
  if (gemini !== null) return geminiFields(body, gemini);
  refuseSecondModel(bytes, body);
  const model = modelOf(body);
  const stream = streamOf(body);
  const maxTokens = maxTokensOf(dialect, body);
  check(dialect, body);
  const options = body.stream_options;
  return {
    model,
    otherModels: otherModels(body),
    stream,
    includeUsage: isJsonObject(options) && Boolean(options.include_usage),
    maxTokens,
    n: choicesIn(body.n),
    prompts: dialect === "completions" ? promptsOf(body) : 1,
    inputChars: inputChars(body),
  };
}

/** Who is asked by a body that we do not know. Throws GatewayError (400) where that is not plain. */
export function readModels(bytes: Buffer): Pick<RequestFields, "model" | "otherModels"> {
  const body = parseObject(bytes);
  refuseSecondModel(bytes, body);
  return { model: modelOf(body), otherModels: otherModels(body) };
}
