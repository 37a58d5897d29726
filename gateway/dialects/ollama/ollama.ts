import type { Dialect, DialectPlaces } from "../dialect.ts";
import { asciiJson } from "../json/ascii-json.ts";
import { queueField } from "../place-words.ts";
import { modelInBody, ollamaFamily, ollamaPaths, ollamaPrompt } from "./ollama-family.ts";
import { readChatFields, readEmbedFields, readGenerateFields } from "./ollama-request.ts";

/** A line that adds no text, with the place in a field of its own: clients skip what they do not know. */
function placeLine(text: object): DialectPlaces {
  return {
    event(note) {
      const { model, created } = note;
      const created_at = new Date(created * 1000).toISOString();
      return `${asciiJson({ model, created_at, ...text, done: false, queue: queueField(note) })}\n`;
    },
    begins: null,
  };
}

const translators = () => import("./ollama-translators.ts");

/** A real Ollama takes such a request as it is; others are asked in their own dialect. */
function ollamaUpstreams(
  load: NonNullable<Dialect["upstreams"]["conversion"]>["load"],
): Dialect["upstreams"] {
  const conversion = { takes: () => true, load };
  return { native: ["openai"], onlyOllama: true, ownOf: null, conversion };
}

/** Ollama's `/api/chat`. */
export const ollamaChat: Dialect = {
  ...ollamaFamily,
  name: "ollama",
  paths: { ...ollamaPaths, under: ["/api"], generations: ["/api/chat"] },
  request: { ...modelInBody, read: readChatFields },
  prompt: {
    ...ollamaPrompt,
    fields: ["messages"],
    isConversation: true,
    generates: true,
    conversation: { system: [], turns: "messages", parts: "content", rolesOptional: false },
  },
  places: placeLine({ message: { role: "assistant", content: "" } }),
  upstreams: ollamaUpstreams(async () => (await translators()).chatTranslator),
};

/** Ollama's `/api/generate`. */
export const ollamaGenerate: Dialect = {
  ...ollamaFamily,
  name: "ollama_generate",
  paths: { ...ollamaPaths, under: ["/api/generate"], generations: ["/api/generate"] },
  request: { ...modelInBody, read: readGenerateFields },
  prompt: {
    ...ollamaPrompt,
    fields: ["prompt", "system", "suffix"],
    isConversation: false,
    generates: true,
    textField: "prompt",
  },
  places: placeLine({ response: "" }),
  upstreams: ollamaUpstreams(async () => (await translators()).generateTranslator),
};

const embedPrompt: Dialect["prompt"] = {
  ...ollamaPrompt,
  fields: ["input", "prompt"],
  isConversation: false,
  generates: false,
};

/** Ollama's `/api/embed`. */
export const ollamaEmbed: Dialect = {
  ...ollamaFamily,
  name: "ollama_embed",
  paths: { ...ollamaPaths, under: ["/api/embed"], generations: ["/api/embed"] },
  request: { ...modelInBody, read: readEmbedFields },
  prompt: embedPrompt,
  places: { event: () => null, begins: null },
  upstreams: ollamaUpstreams(async () => (await translators()).embedTranslator),
};

/** Ollama's `/api/embeddings`, from before `/api/embed`. */
export const ollamaEmbeddings: Dialect = {
  ...ollamaFamily,
  name: "ollama_embeddings",
  paths: { ...ollamaPaths, under: ["/api/embeddings"], generations: ["/api/embeddings"] },
  request: { ...modelInBody, read: readEmbedFields },
  prompt: embedPrompt,
  places: { event: () => null, begins: null },
  upstreams: ollamaUpstreams(async () => (await translators()).oldEmbedTranslator),
};
