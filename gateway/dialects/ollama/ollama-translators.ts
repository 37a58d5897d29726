import {
  type EmbeddingTranslator,
  type FieldPaths,
  fieldNameBy,
  type Translator,
} from "../hub/hub.ts";
import { createEmbedTranslator } from "./embed-ollama.ts";
import { readOllamaChat } from "./read-ollama-chat.ts";
import { readOllamaGenerate } from "./read-ollama-generate.ts";
import {
  createChatLines,
  createGenerateLines,
  writeOllamaChat,
  writeOllamaGenerate,
} from "./write-ollama.ts";

const fieldPaths: FieldPaths = {
  reasoning: ["think"],
  responseFormat: ["format"],
  maxOutputTokens: ["options.num_predict"],
  temperature: ["options.temperature"],
  topP: ["options.top_p"],
  topK: ["options.top_k"],
  seed: ["options.seed"],
  stopSequences: ["options.stop"],
  presencePenalty: ["options.presence_penalty"],
  frequencyPenalty: ["options.frequency_penalty"],
};

export const chatTranslator: Translator = {
  read: readOllamaChat,
  createWriter: createChatLines,
  writeWhole: writeOllamaChat,
  fieldName: fieldNameBy(fieldPaths),
};

export const generateTranslator: Translator = {
  read: readOllamaGenerate,
  createWriter: createGenerateLines,
  writeWhole: writeOllamaGenerate,
  fieldName: fieldNameBy(fieldPaths),
};

export const embedTranslator: EmbeddingTranslator = createEmbedTranslator(false);
export const oldEmbedTranslator: EmbeddingTranslator = createEmbedTranslator(true);
