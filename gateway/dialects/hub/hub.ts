import type {
  LanguageModelV4CallOptions,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
} from "@ai-sdk/provider";
import { isJsonObject, type JsonObject } from "../../json-object.ts";
import type { Framing } from "../framing.ts";
import type { ClientTools } from "./client-tools.ts";

/**
 * What a client's request means, in the words of the hub (AI SDK's language model specification).
 * Says nothing of the upstream: what only some of them know stands in `providerOptions` under
 * `openaiCompatible`, `anthropic` and `google`, and each target takes its own.
 */
export type HubRequest = {
  readonly options: Omit<LanguageModelV4CallOptions, "abortSignal" | "headers">;
  /**
   * Fields that the hub has no word for, as the client wrote them: `logprobs`, `tools[2]`.
   */
  readonly dropped: readonly string[];
  /** The same for what is worth telling, but no reason to refuse: `messages[2].name`. */
  readonly told: readonly string[];
  /** How to tell the client of its calls, where its dialect has several kinds of them. */
  readonly clientTools?: ClientTools;
  /** The answer to a request that asks for no text: then no upstream is asked. */
  readonly reply?: (names: AnswerNames) => object;
};

/** What an answer says of itself, whatever the upstream said. */
export type AnswerNames = {
  /** The request id. */
  readonly id: string;
  /** The model as the client asked for it. */
  readonly model: string;
  /** Unix seconds. */
  readonly created: number;
  /** When the request was converted. Milliseconds, monotonic. */
  readonly startedAt: number;
  /** The client's request, of which some answers repeat fields. */
  readonly request: JsonObject;
  readonly clientTools?: ClientTools;
  /** An estimate of the prompt's tokens, for dialects that must say a number before it is known. */
  readonly inputTokens?: number;
};

/**
 * Writes a stream in one dialect. `write` takes the hub's parts in order and gives the text of the
 * whole events that they make, `""` for none; the part `finish` makes the end of the stream with
 * it. Parts of type `error` never reach it.
 */
export type StreamWriter = { write(part: LanguageModelV4StreamPart): string };

/** An answer that is not streamed, as the JSON value of one dialect. */
export type WriteWhole = (result: LanguageModelV4GenerateResult, names: AnswerNames) => object;

/** A client's dialect and the hub, in both directions. */
export type Translator = {
  /** Throws GatewayError (400) that names the field. */
  read(body: JsonObject): HubRequest;
  /** @param framing - how the pieces of the answer stand in its body */
  createWriter(names: AnswerNames, framing: Framing): StreamWriter;
  readonly writeWhole: WriteWhole;
  /** Where in `body` the client asked for a setting that the hub calls `maxOutputTokens`. */
  fieldName(setting: string, body: JsonObject): string;
};

/** What a request for embeddings means. */
export type EmbeddingRequest = {
  readonly texts: readonly string[];
  /** Where the client wrote them. */
  readonly field: string;
  readonly dimensions: number | null;
  readonly dropped: readonly string[];
  readonly told: readonly string[];
};

/** The same as `Translator` for a dialect of embeddings. */
export type EmbeddingTranslator = {
  /** Throws GatewayError (400) that names the field. */
  readTexts(body: JsonObject): EmbeddingRequest;
  /** @param tokens - of all texts; null: the upstream did not tell */
  writeEmbeddings(
    result: { readonly embeddings: readonly number[][]; readonly tokens: number | null },
    names: Pick<AnswerNames, "id" | "model" | "startedAt">,
  ): object;
};

/** Where a dialect has the hub's settings: paths, of which the first that is there was meant. */
export type FieldPaths = Readonly<Record<string, readonly string[]>>;

function isThere(body: JsonObject, path: string): boolean {
  let at: unknown = body;
  for (const name of path.split(".")) at = isJsonObject(at) ? at[name] : undefined;
  return at !== undefined && at !== null;
}

/** `fieldName` of a dialect whose other settings have the hub's names in snake case. */
export function fieldNameBy(paths: FieldPaths): Translator["fieldName"] {
  return (setting, body) => {
    const known = paths[setting] ?? [];
    const otherwise = setting.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    return known.find((path) => isThere(body, path)) ?? known[0] ?? otherwise;
  };
}
