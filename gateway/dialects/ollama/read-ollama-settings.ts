import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { isAbsent, wrong } from "../field-checks.ts";
import type { Dropped } from "../hub/read-dropped.ts";
import { setSchema } from "../hub/read-format.ts";
import { effortAt, setEffort } from "../hub/read-reasoning.ts";
import {
  addHint,
  type CallSettings,
  readSettings,
  type SettingNames,
} from "../hub/read-settings.ts";
import { ollamaOptions } from "./ollama-request.ts";

const names: SettingNames = {
  maxOutputTokens: ["num_predict"],
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  seed: "seed",
  stopSequences: "stop",
};

/** Options that llama.cpp and servers like it know under the same name. */
const sampling = ["min_p", "typical_p", "repeat_penalty", "repeat_last_n"];

/**
 * How a server loads the model. The upstream has loaded it as its owner wants: the answer means the
 * same without them, and Home Assistant sends some with every request.
 */
const loading = [
  ...["num_ctx", "num_keep", "num_batch", "num_gpu", "main_gpu", "num_thread", "numa"],
  ...["low_vram", "use_mmap", "use_mlock", "f16_kv", "vocab_only", "penalize_newline"],
];

const known: ReadonlySet<string> = new Set([
  ...Object.values(names).flat(),
  ...sampling,
  ...loading,
]);

/** `options`: what a model samples by. Throws GatewayError (400) that names the field. */
export function readOptions(body: JsonObject, dropped: Dropped): CallSettings {
  const options = ollamaOptions(body);
  const settings = readSettings(options, "options", names);
  const own = sampling.filter((name) => !isAbsent(options[name]));
  addHint(
    settings,
    "openaiCompatible",
    Object.fromEntries(own.map((name) => [name, options[name]])),
  );
  for (const name of loading) if (!isAbsent(options[name])) dropped.tell(`options.${name}`);
  dropped.rest(options, "options", known);
  if (!isAbsent(body.keep_alive)) dropped.tell("keep_alive");
  return settings;
}

/** `format`: `"json"`, or a schema. Throws GatewayError (400). */
export function readOllamaFormat({ format }: JsonObject, settings: CallSettings): void {
  if (isAbsent(format) || format === "") return;
  if (format === "json") settings.responseFormat = { type: "json" };
  else if (isJsonObject(format)) setSchema(settings, format, null);
  else wrong("format", 'must be "json" or a JSON schema');
}

/** `think`: true, false, or an effort (`low`, `medium`, `high`). Throws GatewayError (400). */
export function readThink(body: JsonObject, settings: CallSettings, dropped: Dropped): void {
  const { think } = body;
  if (isAbsent(think)) return;
  if (typeof think === "boolean") {
    setEffort(settings, think ? "medium" : "none");
    return;
  }
  if (typeof think !== "string") wrong("think", "must be true, false, low, medium or high");
  const effort = effortAt(body, "think", "", dropped);
  if (effort !== null) setEffort(settings, effort);
}
