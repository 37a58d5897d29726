import type {
  LanguageModelV4,
  LanguageModelV4FinishReason,
  LanguageModelV4StreamPart,
  SharedV4Warning,
} from "@ai-sdk/provider";
import type { JsonObject } from "../../json-object.ts";
import type { Framing } from "../framing.ts";
import { json } from "../json/json-framing.ts";
import { createAnswerLimit } from "./answer-limit.ts";
import { restored } from "./answer-restored.ts";
import { collect } from "./convert-collect.ts";
import { refuseDropped, settingsIn, shownNames } from "./convert-dropped.ts";
import { brokenAnswer, conversionError, errorOfPart, isUnknownChunk } from "./convert-error.ts";
import { convertEmbedding } from "./embed.ts";
import type { ToolNames } from "./fit-names.ts";
import type {
  AnswerNames,
  EmbeddingTranslator,
  HubRequest,
  StreamWriter,
  Translator,
} from "./hub.ts";
import { onePiece } from "./one-piece.ts";
import { type TargetName, type TargetSettings, targetOf } from "./target.ts";
import { marksCache } from "./target-prompt.ts";
import { tryRequest } from "./target-trial.ts";

/** Between which APIs to convert, and what else the answer depends on. */
export type Conversion = {
  /** The client's dialect. */
  readonly translator: Translator | EmbeddingTranslator;
  /** How the client wants its answer. */
  readonly framing: Framing;
  readonly requestId: string;
  /** An estimate of the prompt's tokens. */
  readonly inputTokens?: number;
  /** The model as the client asked for it, and as the upstream calls it. */
  readonly askedModel: string;
  readonly model: string;
  readonly target: TargetName;
  /** Refuses what would lose something. */
  readonly strict: boolean;
  readonly defaultMaxTokens: number | null;
  /**
   * Asks for a stream even if the client wants none: some servers notice that a client has left
   * only while they stream.
   */
  readonly streamUpstream?: boolean;
  /** Told the upstream's own id of the answer, where it has one. */
  readonly upstreamId?: (id: string) => void;
};

/** An answer in the client's dialect. */
export type Converted = {
  readonly contentType: string;
  /** What did not get through, by the client's names where there are such. */
  readonly dropped: readonly string[];
  /**
   * The next piece, in whole events where it streams; null at the end. Rejects with a GatewayError.
   */
  next(): Promise<string | null>;
};

type Options = HubRequest["options"];

type TextConversion = Conversion & { readonly translator: Translator };

/** A request that is ready to be sent, and what is known of its answer. */
export type Ready = {
  readonly model: LanguageModelV4;
  readonly options: Options;
  readonly conversion: TextConversion;
  readonly names: AnswerNames;
  readonly toolNames: ToolNames;
  /** What did not get through, with what the provider says. */
  dropped(warnings: readonly SharedV4Warning[]): string[];
};

/**
 * Asks an upstream of another dialect. Resolves when its answer has begun (has come, where it does
 * not stream); rejects with a GatewayError.
 */
export async function convert(
  body: JsonObject,
  conversion: Conversion,
  upstream: Pick<TargetSettings, "baseUrl" | "fetch" | "strictFields" | "takesThoughts">,
): Promise<Converted> {
  const { translator, model, defaultMaxTokens } = conversion;
  try {
    const settings = { ...upstream, model, defaultMaxTokens };
    if ("readTexts" in translator) {
      return await convertEmbedding(body, translator, conversion, settings);
    }
    const asked = translator.read(body);
    if (asked.reply !== undefined) {
      return replied(asked.reply(answerNamesOf(conversion, body)), conversion);
    }
    const ready = await prepare(body, asked, { ...conversion, translator }, settings);
    return await answerOf(ready);
  } catch (error) {
    throw conversionError(error);
  }
}

/** The answer of a request that needs no upstream. */
export function replied(reply: object, { framing }: Conversion): Converted {
  const end = framing.events?.end ?? "";
  return {
    contentType: String(framing.head.headers["content-type"]),
    dropped: [],
    next: onePiece(JSON.stringify(reply) + end),
  };
}

/** Puts the request in the form that the upstream's provider takes. */
export async function prepare(
  body: JsonObject,
  asked: HubRequest,
  conversion: TextConversion,
  settings: TargetSettings,
): Promise<Ready> {
  const { translator, target, strict } = conversion;
  const family = targetOf(target);
  const { options, lost, told, toolNames } = family.prepare(asked.options, settings);
  const namesOf = (found: readonly string[]): string[] =>
    found.map((setting) => translator.fieldName(setting, body));
  const gone = [...asked.dropped, ...namesOf(lost)];
  // Worth telling, not refusing: the answer does not depend on it.
  const cache = target !== "anthropic" && marksCache(asked.options) ? ["cache_control"] : [];
  const changed = [...asked.told, ...namesOf(told), ...cache];
  if (strict) {
    const { warnings } = await tryRequest(target, options, settings);
    const names = shownNames([...gone, ...namesOf(settingsIn(warnings))]);
    if (names.length > 0) refuseDropped(names);
  }
  const { clientTools } = asked;
  const tools = clientTools === undefined ? {} : { clientTools };
  return {
    model: await family.model(settings),
    options,
    conversion,
    names: { ...answerNamesOf(conversion, body), ...tools },
    toolNames,
    dropped: (warnings) => shownNames([...gone, ...namesOf(settingsIn(warnings)), ...changed]),
  };
}

export function answerNamesOf(
  {
    requestId: id,
    askedModel: model,
    inputTokens = 0,
  }: Pick<Conversion, "requestId" | "askedModel" | "inputTokens">,
  request: JsonObject,
): AnswerNames {
  return {
    id,
    model,
    created: Math.floor(Date.now() / 1000),
    startedAt: performance.now(),
    request,
    inputTokens,
  };
}

/** Asks the upstream; resolves as `convert` does. Rejects with what the provider threw. */
export function answerOf(ready: Ready): Promise<Converted> {
  return ready.conversion.framing.inPieces ? convertStream(ready) : convertWhole(ready);
}

async function convertWhole(ready: Ready): Promise<Converted> {
  const { model, options, conversion, names, toolNames } = ready;
  const result = conversion.streamUpstream
    ? await collect((await model.doStream(options)).stream, conversion.target)
    : await model.doGenerate(options);
  if (result.response?.id !== undefined) conversion.upstreamId?.(result.response.id);
  if (isBroken(result.finishReason)) throw brokenAnswer(result.finishReason.raw);
  const content = result.content.map((part) => restored(part, toolNames));
  const whole = conversion.translator.writeWhole({ ...result, content }, names);
  return {
    contentType: json.mediaType,
    dropped: ready.dropped(result.warnings),
    next: onePiece(JSON.stringify(whole)),
  };
}

async function convertStream(ready: Ready): Promise<Converted> {
  const { model, options, conversion, names } = ready;
  const { translator, framing } = conversion;
  const { stream } = await model.doStream(options);
  const parts = stream.getReader();
  const first = await parts.read();
  const warnings = first.value?.type === "stream-start" ? first.value.warnings : [];
  const writer = translator.createWriter(names, framing);
  const limit = createAnswerLimit();
  return {
    contentType: String(framing.head.headers["content-type"]),
    dropped: ready.dropped(warnings),
    next: () => nextPiece(parts, limit, writer, ready),
  };
}

/** Reads on until there is something to write. One part a piece: deltas go out as they come. */
async function nextPiece(
  parts: ReadableStreamDefaultReader<LanguageModelV4StreamPart>,
  limit: (part: LanguageModelV4StreamPart) => void,
  writer: StreamWriter,
  { conversion, toolNames }: Ready,
): Promise<string | null> {
  try {
    for (;;) {
      const { done, value } = await parts.read();
      if (done) return null;
      limit(value);
      if (value.type === "response-metadata" && value.id !== undefined) {
        conversion.upstreamId?.(value.id);
      }
      const text = written(value, writer, conversion.target, toolNames);
      if (text !== "") return text;
    }
  } catch (error) {
    throw conversionError(error);
  }
}

function written(
  part: LanguageModelV4StreamPart,
  writer: StreamWriter,
  target: TargetName,
  toolNames: ToolNames,
): string {
  if (part.type === "error") {
    if (isUnknownChunk(part.error, target)) return "";
    throw errorOfPart(part.error);
  }
  if (part.type === "finish") {
    if (isBroken(part.finishReason)) throw brokenAnswer(part.finishReason.raw);
  }
  return writer.write(restored(part, toolNames));
}

/** Ends that are none, of which the providers have no word of their own. */
const brokenEnds: ReadonlySet<string> = new Set([
  ...["error", "abort", "aborted", "cancelled"],
  ...["unexpected_tool_call", "missing_thought_signature", "too_many_tool_calls"],
  ...["malformed_function_call", "malformed_response"],
]);

function isBroken({ unified, raw }: LanguageModelV4FinishReason): boolean {
  if (unified === "error" || unified === "interrupted") return true;
  return unified === "other" && raw !== undefined && brokenEnds.has(raw.toLowerCase());
}
