import {
  answerNamesOf,
  answerOf,
  type Conversion,
  type Converted,
  type Ready,
  replied,
} from "./convert.ts";
import { conversionError } from "./convert-error.ts";
import { convertEmbedding } from "./embed.ts";
import type { PreparedRequest } from "./prepare-request.ts";
import { type TargetSettings, targetOf } from "./target.ts";

/** As `convert` does for a request that is already written in the upstream's words. */
export async function convertPrepared(
  prepared: PreparedRequest,
  conversion: Conversion,
  upstream: Omit<TargetSettings, "model" | "defaultMaxTokens">,
): Promise<Converted> {
  const { translator, target, model, defaultMaxTokens } = conversion;
  if ("reply" in prepared) return replied(prepared.reply, conversion);
  const { url, headers, body } = prepared;
  // The provider writes a request of its own, of which only the reading of the answer is used.
  const send: typeof fetch = (_url, init) =>
    upstream.fetch(url, { ...init, headers, body: Buffer.from(body) });
  const settings = { ...upstream, fetch: send, model, defaultMaxTokens };
  try {
    if ("embedding" in prepared) {
      const { embedding } = prepared;
      if (!("readTexts" in translator)) throw new Error("a prepared embedding needs its dialect");
      const known = { ...translator, readTexts: () => embedding };
      return await convertEmbedding({}, known, conversion, settings);
    }
    if ("readTexts" in translator) throw new Error("a prepared text needs its dialect");
    const { options, toolNames, clientTools, request, dropped } = prepared;
    const tools = clientTools === undefined ? {} : { clientTools };
    const ready: Ready = {
      model: await targetOf(target).model(settings),
      options,
      conversion: { ...conversion, translator },
      names: { ...answerNamesOf(conversion, request), ...tools },
      toolNames,
      dropped: () => [...dropped],
    };
    return await answerOf(ready);
  } catch (error) {
    throw conversionError(error);
  }
}
