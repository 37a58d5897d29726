import type {
  LanguageModelV4,
  LanguageModelV4FinishReason,
  LanguageModelV4StreamPart,
} from "@ai-sdk/provider";
import { GatewayError } from "../../errors.ts";
import type { JsonObject } from "../../json-object.ts";
import type { Family } from "../dialect.ts";
import type { Framing } from "../framing.ts";
import { json } from "../json/json-framing.ts";
import { createAnswerLimit } from "./answer-limit.ts";
import { collect } from "./convert-collect.ts";
import { droppedNames, refuseDropped } from "./convert-dropped.ts";
import { conversionError, errorOfPart, isUnknownChunk } from "./convert-error.ts";
import type { AnswerNames, HubRequest, StreamWriter, Translator } from "./hub.ts";
import { type TargetSettings, targetOf } from "./target.ts";
import { marksCache } from "./target-prompt.ts";
import { tryRequest } from "./target-trial.ts";

/** Between which APIs to convert, and what else the answer depends on. */
export type Conversion = {
  /** The client's dialect. */
  readonly translator: Translator;
  /** How the client wants its answer. */
  readonly framing: Framing;
  readonly requestId: string;
  /** The model as the client asked for it, and as the upstream calls it. */
  readonly askedModel: string;
  readonly model: string;
  readonly family: Family;
  /** Refuses what would lose something. */
  readonly strict: boolean;
  readonly defaultMaxTokens: number;
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

/**
 * Asks an upstream of another dialect. Resolves when its answer has begun (has come, where it does
 * not stream); rejects with a GatewayError.
 */
export async function convert(
  body: JsonObject,
  conversion: Conversion,
  upstream: Pick<TargetSettings, "baseUrl" | "fetch" | "strictFields">,
): Promise<Converted> {
  const { translator, family, strict, model: name, defaultMaxTokens } = conversion;
  const { options: asked, dropped } = translator.read(body);
  // Worth telling, not refusing: the answer does not depend on it.
  const lost =
    family !== "anthropic" && marksCache(asked) ? [...dropped, "cache_control"] : dropped;
  const settings = { ...upstream, model: name, defaultMaxTokens };
  const target = targetOf(family);
  try {
    const options = target.prepare(asked, settings);
    if (strict) {
      const { warnings } = await tryRequest(family, options, settings);
      const lossy = droppedNames(dropped, warnings, translator.fieldName);
      if (lossy.length > 0) refuseDropped(lossy);
    }
    const model = await target.model(settings);
    const names = namesOf(conversion, body);
    return conversion.framing.inPieces
      ? await convertStream(model, options, lost, { ...conversion, names })
      : await convertWhole(model, options, lost, { ...conversion, names });
  } catch (error) {
    throw conversionError(error);
  }
}

function namesOf(
  { requestId: id, askedModel: model }: Conversion,
  request: JsonObject,
): AnswerNames {
  return { id, model, created: Math.floor(Date.now() / 1000), request };
}

async function convertWhole(
  model: LanguageModelV4,
  options: Options,
  read: readonly string[],
  conversion: Conversion & { names: AnswerNames },
): Promise<Converted> {
  const { translator, names } = conversion;
  const result = conversion.streamUpstream
    ? await collect((await model.doStream(options)).stream)
    : await model.doGenerate(options);
  if (result.response?.id !== undefined) conversion.upstreamId?.(result.response.id);
  if (isBroken(result.finishReason)) throw brokenAnswer(result.finishReason.raw);
  let text: string | null = JSON.stringify(translator.writeWhole(result, names));
  return {
    contentType: json.mediaType,
    dropped: droppedNames(read, result.warnings, translator.fieldName),
    async next() {
      const piece = text;
      text = null;
      return piece;
    },
  };
}

async function convertStream(
  model: LanguageModelV4,
  options: Options,
  read: readonly string[],
  conversion: Conversion & { names: AnswerNames },
): Promise<Converted> {
  const { translator, framing, names } = conversion;
  const { stream } = await model.doStream(options);
  const parts = stream.getReader();
  const first = await parts.read();
  const warnings = first.value?.type === "stream-start" ? first.value.warnings : [];
  const writer = translator.createWriter(names, framing);
  const limit = createAnswerLimit();
  return {
    contentType: String(framing.head.headers["content-type"]),
    dropped: droppedNames(read, warnings, translator.fieldName),
    next: () => nextPiece(parts, limit, writer, conversion),
  };
}

/** Reads on until there is something to write. One part a piece: deltas go out as they come. */
async function nextPiece(
  parts: ReadableStreamDefaultReader<LanguageModelV4StreamPart>,
  limit: (part: LanguageModelV4StreamPart) => void,
  writer: StreamWriter,
  conversion: Conversion,
): Promise<string | null> {
  try {
    for (;;) {
      const { done, value } = await parts.read();
      if (done) return null;
      limit(value);
      if (value.type === "response-metadata" && value.id !== undefined) {
        conversion.upstreamId?.(value.id);
      }
      const text = written(value, writer);
      if (text !== "") return text;
    }
  } catch (error) {
    throw conversionError(error);
  }
}

function written(part: LanguageModelV4StreamPart, writer: StreamWriter): string {
  if (part.type === "error") {
    if (isUnknownChunk(part.error)) return "";
    throw errorOfPart(part.error);
  }
  if (part.type === "finish") {
    if (isBroken(part.finishReason)) throw brokenAnswer(part.finishReason.raw);
  }
  return writer.write(part);
}

function isBroken({ unified }: LanguageModelV4FinishReason): boolean {
  return unified === "error" || unified === "interrupted";
}

/** A stream that was cut off must not look finished. */
function brokenAnswer(reason: string | undefined): GatewayError {
  const why = reason === undefined ? "is incomplete" : `failed (${reason})`;
  return new GatewayError("upstream_error", `The upstream's answer ${why}.`);
}
