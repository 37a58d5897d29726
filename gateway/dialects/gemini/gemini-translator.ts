import { fieldNameBy, type Translator } from "../hub/hub.ts";
import { jsonArray } from "../json/json-framing.ts";
import { readGemini } from "./read-gemini.ts";
import { createGeminiArrayWriter, createGeminiWriter, writeGemini } from "./write-gemini.ts";

/** The hub's settings below `generationConfig`. */
const fieldPaths: Readonly<Record<string, readonly string[]>> = {
  reasoning: ["thinkingConfig"],
  responseFormat: ["responseSchema", "responseJsonSchema", "responseMimeType"],
  ...Object.fromEntries(
    ["maxOutputTokens", "temperature", "topP", "topK", "seed", "stopSequences"]
      .concat("presencePenalty", "frequencyPenalty")
      .map((name) => [name, [name]]),
  ),
};

export const geminiTranslator: Translator = {
  read: readGemini,
  createWriter(names, framing) {
    return framing === jsonArray ? createGeminiArrayWriter(names) : createGeminiWriter(names);
  },
  writeWhole: writeGemini,
  fieldName: fieldNameBy(
    Object.fromEntries(
      Object.entries(fieldPaths).map(([setting, names]) => [
        setting,
        names.map((name) => `generationConfig.${name}`),
      ]),
    ),
  ),
};
