import type { Operation, Parameter } from "./operation.ts";

const llama = { tag: "llama-server", access: "key", errors: "OpenAi", method: "post" } as const;

const model: Parameter = {
  name: "model",
  in: "query",
  about: "Says of which model's server, where there are several.",
};

/** llama-server's own paths, which have no `/v1`: llama.vim, llama.vscode and tokenizers ask here. */
export const llamaOperations: readonly Operation[] = [
  {
    ...llama,
    ...{ path: "/completion", summary: "llama-server's completion", generates: true },
    body: { schema: "LlamaRequest", example: { prompt: "Once upon a time", n_predict: 16 } },
    answer: { about: "The rest of the text.", schema: "LlamaAnswer", streams: "also" },
  },
  {
    ...llama,
    ...{ path: "/infill", summary: "A completion between two texts", generates: true },
    body: {
      schema: "LlamaRequest",
      example: { input_prefix: "def add(a, b):\n", input_suffix: "\n", n_predict: 16 },
    },
    answer: { about: "The text between them.", schema: "LlamaAnswer", streams: "also" },
  },
  {
    ...llama,
    ...{ path: "/embedding", summary: "llama-server's embeddings", generates: true },
    body: { schema: "LlamaRequest", example: { content: "one" } },
    answer: { about: "The vectors.", type: "application/json" },
  },
  {
    ...llama,
    ...{ path: "/reranking", summary: "llama-server's ranking of documents", generates: true },
    body: { schema: "LlamaRequest", example: { query: "sky", documents: ["blue", "green"] } },
    answer: { about: "The documents with their scores.", schema: "LlamaAnswer" },
  },
  {
    ...llama,
    ...{ path: "/tokenize", summary: "The tokens of a text" },
    body: { schema: "LlamaRequest", example: { content: "Once upon a time" } },
    answer: { about: "The tokens.", schema: "LlamaAnswer" },
  },
  {
    ...llama,
    ...{ path: "/detokenize", summary: "The text of tokens" },
    body: { schema: "LlamaRequest", example: { tokens: [1, 2] } },
    answer: { about: "The text.", schema: "LlamaAnswer" },
  },
  {
    ...llama,
    ...{ path: "/apply-template", summary: "A chat as the prompt that the model reads" },
    body: { schema: "LlamaRequest", example: { messages: [{ role: "user", content: "Hello" }] } },
    answer: { about: "The prompt.", schema: "LlamaAnswer" },
  },
  {
    ...llama,
    ...{ method: "get", path: "/props", summary: "What the server is", parameters: [model] },
    description: "Its template, its slots and its defaults; no paths and no flags of its machine.",
    answer: { about: "Some of its properties.", schema: "LlamaAnswer" },
  },
  {
    ...llama,
    ...{ method: "get", path: "/slots", summary: "What the server works on", access: "admin" },
    description: "Without prompts and answers.",
    parameters: [model],
    answer: { about: "Its slots.", type: "application/json" },
  },
];
