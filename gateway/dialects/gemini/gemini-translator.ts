import type { Translator } from "../hub/hub.ts";
import { jsonArray } from "../json/json-framing.ts";
import { readGemini } from "./read-gemini.ts";
import { createGeminiArrayWriter, createGeminiWriter, writeGemini } from "./write-gemini.ts";

export const geminiTranslator: Translator = {
  read: readGemini,
  createWriter(names, framing) {
    return framing === jsonArray ? createGeminiArrayWriter(names) : createGeminiWriter(names);
  },
  writeWhole: writeGemini,
  // The hub's names are Gemini's.
  fieldName: (name) => name,
};
