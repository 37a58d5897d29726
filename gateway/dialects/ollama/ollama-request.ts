import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { isAbsent, tokenLimit, wrong } from "../field-checks.ts";
import { inputChars } from "../input-size.ts";
import { parseObject } from "../json/json-body.ts";
import { json } from "../json/json-framing.ts";
import { refuseSecondModel } from "../json/one-model.ts";
import type { RequestFields } from "../request-fields.ts";
import { ndjson } from "./ndjson-framing.ts";

/** The options that are a number, by what Ollama demands of them (api/types.go, `Options`). */
const integers = [
  ...["num_predict", "num_ctx", "num_keep", "num_batch", "num_gpu", "main_gpu", "num_thread"],
  ...["seed", "top_k", "repeat_last_n"],
];
const floats = [
  ...["temperature", "top_p", "min_p", "typical_p"],
  ...["repeat_penalty", "presence_penalty", "frequency_penalty"],
];

/** The model of a request. Older clients say `name`. Throws GatewayError (400). */
function modelOf(body: JsonObject): string {
  const { model, name } = body;
  const value = isAbsent(model) || model === "" ? name : model;
  if (isAbsent(value) || value === "") return wrong("model", "is required");
  if (typeof value !== "string") return wrong("model", "must be a string");
  return value.length <= 1024 ? value : wrong("model", "must be at most 1024 characters");
}

/** The options of a request; `{}` if it has none. Throws GatewayError (400) for a wrong type. */
export function ollamaOptions({ options }: JsonObject): JsonObject {
  if (isAbsent(options)) return {};
  if (!isJsonObject(options)) return wrong("options", "must be an object");
  for (const name of [...integers, ...floats]) {
    const value = options[name];
    if (!isAbsent(value) && typeof value !== "number") {
      wrong(`options.${name}`, "must be a number");
    }
  }
  return options;
}

/** Reads what every request of Ollama's has. `streams`: it is a stream unless it says otherwise. */
function fieldsOf(body: JsonObject, streams: boolean): RequestFields {
  const { stream } = body;
  if (!isAbsent(stream) && typeof stream !== "boolean") wrong("stream", "must be true or false");
  const isStream = streams && stream !== false;
  const { num_predict: limit } = ollamaOptions(body);
  return {
    model: modelOf(body),
    otherModels: [],
    framing: isStream ? ndjson : json,
    returnsProgress: false,
    losesInStream: false,
    stored: null,
    stream: isStream,
    includeUsage: false,
    maxTokens: typeof limit === "number" ? tokenLimit(limit) : null,
    n: 1,
    prompts: 1,
    inputChars: inputChars(body),
  };
}

function bodyOf(bytes: Buffer): JsonObject {
  const body = parseObject(bytes);
  refuseSecondModel(bytes, body);
  return body;
}

/** `/api/chat` (https://docs.ollama.com/api/chat). Throws GatewayError (400). */
export function readChatFields(bytes: Buffer): RequestFields {
  const body = bodyOf(bytes);
  const fields = fieldsOf(body, true);
  if (!isAbsent(body.messages) && !Array.isArray(body.messages)) {
    wrong("messages", "must be a list of messages");
  }
  return fields;
}

/** `/api/generate` (https://docs.ollama.com/api/generate). Throws GatewayError (400). */
export function readGenerateFields(bytes: Buffer): RequestFields {
  const body = bodyOf(bytes);
  const fields = fieldsOf(body, true);
  for (const name of ["prompt", "system", "suffix", "template"]) {
    const value = body[name];
    if (!isAbsent(value) && typeof value !== "string") wrong(name, "must be a string");
  }
  return fields;
}

/** `/api/embed` (`input`) and the older `/api/embeddings` (`prompt`). Throws GatewayError (400). */
export function readEmbedFields(bytes: Buffer): RequestFields {
  return fieldsOf(bodyOf(bytes), false);
}
