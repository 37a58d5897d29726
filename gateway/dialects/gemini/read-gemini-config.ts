import type { JsonObject } from "../../json-object.ts";
import { isAbsent } from "../field-checks.ts";
import type { Dropped } from "../hub/read-dropped.ts";
import { below, flagAt, integerAt, objectAt, textAt } from "../hub/read-fields.ts";
import { setSchema } from "../hub/read-format.ts";
import { effortAt, setBudget, showThoughts } from "../hub/read-reasoning.ts";
import type { CallSettings, SettingNames } from "../hub/read-settings.ts";
import { namedAt } from "./read-gemini-names.ts";
import { jsonSchema } from "./read-gemini-schema.ts";

export const geminiNames: SettingNames = {
  maxOutputTokens: ["maxOutputTokens"],
  temperature: "temperature",
  topP: "topP",
  topK: "topK",
  presencePenalty: "presencePenalty",
  frequencyPenalty: "frequencyPenalty",
  seed: "seed",
  stopSequences: "stopSequences",
};

const knownFields: ReadonlySet<string> = new Set([
  ...Object.values(geminiNames).flat(),
  "candidateCount",
  "responseMimeType",
  "responseSchema",
  "responseJsonSchema",
  "_responseJsonSchema",
  "responseModalities",
  "thinkingConfig",
]);

const path = "generationConfig";

const thinkingFields: ReadonlySet<string> = new Set([
  "thinkingBudget",
  "thinkingLevel",
  "includeThoughts",
]);

/** A budget of -1 leaves it to the model, as saying nothing does. */
function readThinking(config: JsonObject, settings: CallSettings, dropped: Dropped): void {
  const thinking = namedAt(config, "thinkingConfig", path);
  if (thinking === null) return;
  const where = below(path, "thinkingConfig");
  const shown = flagAt(thinking, "includeThoughts", where) ?? false;
  const budget = integerAt(thinking, "thinkingBudget", where);
  const unsaid = thinking.thinkingLevel === "THINKING_LEVEL_UNSPECIFIED";
  const effort = unsaid ? null : effortAt(thinking, "thinkingLevel", where, dropped);
  if (budget !== null && budget >= 0) setBudget(settings, budget, shown);
  else {
    if (effort !== null) settings.reasoning = effort;
    if (shown) showThoughts(settings);
  }
  dropped.rest(thinking, where, thinkingFields);
}

function readFormat(config: JsonObject, settings: CallSettings, dropped: Dropped): void {
  const open = objectAt(config, "responseSchema", path);
  const schema =
    objectAt(config, "responseJsonSchema", path) ??
    objectAt(config, "_responseJsonSchema", path) ??
    (open === null ? null : jsonSchema(open));
  const type = textAt(config, "responseMimeType", path) ?? "";
  const isText = type === "" || type === "text/plain";
  if (type === "application/json" || (type === "" && schema !== null)) {
    if (schema === null) settings.responseFormat = { type: "json" };
    else setSchema(settings, schema, null);
  } else if (!isText) dropped.add(below(path, "responseMimeType"));
  else if (schema !== null) dropped.add(below(path, "responseSchema"));
}

/** Answers are text; where more is asked for, it is named. */
function readModalities(config: JsonObject, dropped: Dropped): void {
  const asked = config.responseModalities;
  if (isAbsent(asked)) return;
  const list: unknown[] = Array.isArray(asked) ? asked : [asked];
  const fine = list.every((one) => one === "TEXT" || one === "MODALITY_UNSPECIFIED");
  if (!fine) dropped.add(below(path, "responseModalities"));
}

/** `generationConfig` but for its plain settings. */
export function readConfig(config: JsonObject, settings: CallSettings, dropped: Dropped): void {
  readThinking(config, settings, dropped);
  readFormat(config, settings, dropped);
  readModalities(config, dropped);
  dropped.rest(config, path, knownFields);
}
