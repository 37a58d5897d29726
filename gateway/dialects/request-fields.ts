import { isJsonObject, type JsonObject } from "../json-object.ts";
import { checkInteger, choicesIn, isAbsent, tokenLimit, wrong } from "./field-checks.ts";
import type { Framing } from "./framing.ts";
import { inputChars } from "./input-size.ts";
import { parseObject } from "./json/json-body.ts";
import { json } from "./json/json-framing.ts";
import { otherModels, refuseSecondModel } from "./json/one-model.ts";
import { losesInStream } from "./openai-chat/loses-in-stream.ts";
import type { StoredUse } from "./openai-responses/stored-use.ts";
import { sse } from "./sse/sse-framing.ts";

/** The few fields of a request that the gateway itself needs. */
export type RequestFields = Readonly<{
  /** Null if absent or empty: routing decides whether there is a default. */
  model: string | null;
  /** Models that the upstream may ask instead, if the client names some. */
  otherModels: readonly string[];
  /** How the client wants its answer; null if the gateway does not know the API. */
  framing: Framing | null;
  /** The client wants events. */
  stream: boolean;
  /** The client itself asked for the usage chunk of a chat stream. */
  includeUsage: boolean;
  /** The most tokens that a choice may have; null if unlimited or not said. */
  maxTokens: number | null;
  /** Choices asked for, at least 1. */
  n: number;
  /** Prompts in one text completion, at least 1: usage counts each. */
  prompts: number;
  /** Characters of text in the prompt, for estimates. */
  inputChars: number;
  /** The client itself says whether it wants the progress of its prompt (llama.cpp). */
  returnsProgress: boolean;
  /** llama.cpp's answer could not be put together from a stream without loss. */
  losesInStream: boolean;
  /** What it wants of what an upstream has stored; null for nothing. */
  stored: StoredUse | null;
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

/** What the bodies of a dialect of the OpenAI or Anthropic kind differ in. */
export type FieldRules = {
  /** Fields that limit the output. Each is checked; the first that is there counts. */
  maxTokens: readonly string[];
  /** Throws for a body that no upstream would take. */
  check(body: JsonObject): void;
  /** How many prompts it holds; 1 by default. */
  promptsOf?(body: JsonObject): number;
  /** What it wants of what an upstream has stored; nothing by default. */
  storedIn?(body: JsonObject): StoredUse | null;
};

function maxTokensOf(names: readonly string[], body: JsonObject): number | null {
  let found: number | null = null;
  for (const name of names) {
    const value = checkInteger(body, name, -1);
    found ??= value;
  }
  // llama-server's own name for it wins there, and is its business to check.
  const own = body.n_predict;
  if (typeof own === "number" && Number.isInteger(own)) found = own;
  return tokenLimit(found);
}

/**
 * A reader of bodies with `model` and `stream`. It checks only what no upstream would take: odd
 * fields and ranges are the upstream's business, since refusing a client that works is worse. Null
 * counts as absent.
 */
export function createFieldReader(rules: FieldRules): (bytes: Buffer) => RequestFields {
  return (bytes) => {
    const body = parseObject(bytes);
    refuseSecondModel(bytes, body);
    const model = modelOf(body);
    const stream = streamOf(body);
    const maxTokens = maxTokensOf(rules.maxTokens, body);
    rules.check(body);
    const options = body.stream_options;
    return {
      model,
      otherModels: otherModels(body),
      framing: stream ? sse : json,
      stream,
      includeUsage: isJsonObject(options) && Boolean(options.include_usage),
      maxTokens,
      n: choicesIn(body.n),
      prompts: rules.promptsOf?.(body) ?? 1,
      inputChars: inputChars(body),
      returnsProgress: "return_progress" in body,
      losesInStream: losesInStream(body),
      stored: rules.storedIn?.(body) ?? null,
    };
  };
}

/** The fields of a body in an API that the gateway does not know. */
export const noFields: RequestFields = {
  model: null,
  otherModels: [],
  framing: null,
  stream: false,
  includeUsage: false,
  maxTokens: null,
  n: 1,
  prompts: 1,
  inputChars: 0,
  returnsProgress: false,
  losesInStream: false,
  stored: null,
};

/**
 * The model of such a body, and all else as unknown. Throws GatewayError (400) if it could be read
 * in two ways.
 */
export function readModels(bytes: Buffer): RequestFields {
  const body = parseObject(bytes);
  refuseSecondModel(bytes, body);
  return { ...noFields, model: modelOf(body), otherModels: otherModels(body) };
}
