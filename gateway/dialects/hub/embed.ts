import type { JsonObject } from "../../json-object.ts";
import { wrong } from "../field-checks.ts";
import { json } from "../json/json-framing.ts";
import type { Conversion, Converted } from "./convert.ts";
import { refuseDropped, shownNames } from "./convert-dropped.ts";
import type { EmbeddingTranslator } from "./hub.ts";
import { onePiece } from "./one-piece.ts";
import { type TargetSettings, targetOf } from "./target.ts";

/** More texts than one request may have at OpenAI. */
const mostTexts = 2048;

/**
 * Asks an upstream of another dialect for embeddings. Resolves when the answer has come; rejects
 * with a GatewayError, or with what the provider threw.
 */
export async function convertEmbedding(
  body: JsonObject,
  translator: EmbeddingTranslator,
  { target: name, strict, askedModel, requestId }: Conversion,
  settings: TargetSettings,
): Promise<Converted> {
  const { texts, field, dimensions, dropped, told } = translator.readTexts(body);
  if (texts.length > mostTexts) wrong(field, `must have at most ${mostTexts} texts`);
  if (strict && dropped.length > 0) refuseDropped(shownNames([...dropped]));
  const target = targetOf(name).embeddings;
  if (target === null) {
    return wrong("model", "has no embeddings at its upstream; choose another model");
  }
  const names = { id: requestId, model: askedModel, startedAt: performance.now() };
  const model = await target(settings);
  const providerOptions = dimensions === null ? {} : dimensionsFor(dimensions);
  const { embeddings, usage } = await model.doEmbed({ values: [...texts], providerOptions });
  const tokens = usage?.tokens ?? null;
  const answer = translator.writeEmbeddings({ embeddings, tokens }, names);
  return {
    contentType: json.mediaType,
    dropped: shownNames([...dropped, ...told]),
    next: onePiece(JSON.stringify(answer)),
  };
}

const dimensionsFor = (dimensions: number) => ({
  openaiCompatible: { dimensions },
  google: { outputDimensionality: dimensions },
});
