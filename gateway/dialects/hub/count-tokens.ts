import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { readMessages } from "../anthropic/read-messages.ts";
import type { Family } from "../dialect.ts";
import { conversionError } from "./convert-error.ts";
import { targetOf } from "./target.ts";
import { tryRequest } from "./target-trial.ts";

/** How an upstream that does not know `/v1/messages/count_tokens` can be asked for the same. */
export type CountRequest = {
  /** Of Gemini's API, with its body; null elsewhere. */
  readonly google: { readonly path: string; readonly body: JsonObject } | null;
  /**
   * llama.cpp's `/apply-template` makes a prompt of it, and `/tokenize` counts that; null
   * elsewhere.
   */
  readonly template: JsonObject | null;
  /** All that is said, for an estimate. */
  readonly texts: readonly string[];
};

/** Of a message that is converted for being counted, nothing is generated. */
const noLimit = 1;

/** Every text in a request of an upstream's; encoded files are none. */
function textsIn(value: unknown, texts: string[] = []): string[] {
  if (typeof value === "string") {
    if (!value.startsWith("data:")) texts.push(value);
  } else if (Array.isArray(value)) {
    for (const item of value) textsIn(item, texts);
  } else if (isJsonObject(value)) {
    for (const [name, item] of Object.entries(value)) {
      if (name !== "inlineData" && name !== "source" && name !== "input_audio")
        textsIn(item, texts);
    }
  }
  return texts;
}

/**
 * A body of Anthropic's `count_tokens` in the words of an upstream of another family. Rejects with
 * a GatewayError (400) where there is something wrong with it.
 */
export async function countRequest(
  body: JsonObject,
  upstream: { readonly family: Family; readonly model: string },
): Promise<CountRequest> {
  const { family, model } = upstream;
  const { options } = readMessages({ max_tokens: noLimit, ...body });
  const settings = {
    baseUrl: "http://nobody",
    model,
    fetch,
    defaultMaxTokens: noLimit,
    strictFields: true,
    takesThoughts: true,
  };
  try {
    const prepared = targetOf(family).prepare(options, settings);
    const { body: asked } = await tryRequest(family, prepared.options, settings);
    const { messages, tools, contents, systemInstruction } = asked;
    const said = { messages, tools, contents, systemInstruction };
    const name = model.includes("/") ? model : `models/${model}`;
    return {
      google:
        family === "google"
          ? {
              path: `/v1beta/${name}:countTokens`,
              body: { generateContentRequest: { model: name, ...asked } },
            }
          : null,
      template: family === "openai" ? JSON.parse(JSON.stringify({ messages, tools })) : null,
      texts: textsIn(said),
    };
  } catch (error) {
    throw conversionError(error);
  }
}
