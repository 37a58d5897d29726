import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { contextLengthIn, isLength } from "../context-length.ts";
import type { TokenPrice } from "./openrouter-price.ts";

/** A model as it is listed, with whatever else its server says of it under its own names. */
export type Listed = Readonly<Record<string, unknown>> & {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  readonly owned_by: string;
};

/** What the settings say of a model; null where they say nothing. Lengths in tokens. */
export type SaidOfModel = Readonly<{
  name: string | null;
  description: string | null;
  contextLength: number | null;
  maxOutput: number | null;
}>;

/** What OpenRouter's shapes are made of. Lengths in tokens; null is unknown. */
export type ModelFacts = Readonly<{
  id: string;
  author: string;
  name: string;
  description: string;
  created: number;
  contextLength: number;
  maxOutput: number | null;
  inputs: readonly string[];
  outputs: readonly string[];
  parameters: readonly string[];
  huggingFaceId: string | null;
  price: TokenPrice;
}>;

const outputFields = ["max_output_tokens", "outputTokenLimit", "max_tokens"];

const everywhere = ["temperature", "top_p", "max_tokens", "max_completion_tokens", "stop"];
const tools = ["tools", "tool_choice", "parallel_tool_calls"];
const shaped = ["response_format", "structured_outputs"];
const thinking = ["reasoning", "include_reasoning", "reasoning_effort"];
const penalties = ["frequency_penalty", "presence_penalty"];
const chances = ["seed", "logit_bias", "logprobs", "top_logprobs", "top_k", "min_p"];

/** What can be asked of a model, where its server does not say, by whose words it is asked in. */
const parametersOf: Readonly<Record<string, readonly string[]>> = {
  anthropic: [...everywhere, "top_k", ...tools, ...shaped, ...thinking],
  google: [...everywhere, "top_k", "seed", ...penalties, ...tools, ...shaped, ...thinking],
};
const commonParameters = [
  ...everywhere,
  ...penalties,
  "repetition_penalty",
  ...chances,
  ...tools,
  ...shaped,
  ...thinking,
];

/**
 * What is known of a model: the settings' word counts before its server's.
 * @param otherwise tokens of context where neither says
 */
export function modelFacts(
  listed: Listed,
  said: SaidOfModel | null,
  price: TokenPrice,
  otherwise: number,
): ModelFacts {
  const architecture = isJsonObject(listed.architecture) ? listed.architecture : {};
  const top = isJsonObject(listed.top_provider) ? listed.top_provider : {};
  const outputs = [top.max_completion_tokens, ...outputFields.map((name) => listed[name])];
  return {
    id: listed.id,
    author: listed.owned_by,
    name: said?.name ?? textIn(listed, "display_name", "displayName", "name") ?? listed.id,
    description: said?.description ?? textIn(listed, "description") ?? "",
    created: listed.created,
    contextLength: said?.contextLength ?? contextLengthIn(listed) ?? otherwise,
    maxOutput: said?.maxOutput ?? outputs.find(isLength) ?? null,
    inputs: textsIn(architecture.input_modalities) ?? ["text"],
    outputs: textsIn(architecture.output_modalities) ?? ["text"],
    parameters:
      textsIn(listed.supported_parameters) ?? parametersOf[listed.owned_by] ?? commonParameters,
    huggingFaceId: textIn(listed, "hugging_face_id"),
    price,
  };
}

function textIn(fields: JsonObject, ...names: string[]): string | null {
  for (const name of names) {
    const value = fields[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return null;
}

function textsIn(value: unknown): string[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  return value.every((one) => typeof one === "string") ? value : null;
}
