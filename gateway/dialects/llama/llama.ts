import type { Dialect, DialectEvents } from "../dialect.ts";
import {
  modelInBody,
  openAiPaths,
  openEnded,
  passingAnswer,
  passingDialect,
  plainPrompt,
} from "../openai/openai-family.ts";
import { createFieldReader } from "../request-fields.ts";
import { textsOf, valueAt } from "../sse/event-scan.ts";

/** `"stop":true`. The settings of a request have a list of that name. */
function isLast(event: string): boolean {
  for (let at = valueAt(event, 'stop"', 0); at >= 0; at = valueAt(event, 'stop"', at)) {
    if (event.startsWith("true", at)) return true;
  }
  return false;
}

const events: DialectEvents = {
  ...openEnded,
  isLast,
  hasLast: true,
  generated: (event) => textsOf(event, 'content"'),
};

const family: Omit<Dialect, "name" | "paths" | "prompt"> = {
  ...passingDialect,
  request: {
    ...modelInBody,
    // llama-server takes any body of these paths that has its prompt in one of many forms.
    read: createFieldReader({ maxTokens: ["n_predict", "max_tokens"], check: () => {} }),
  },
  events,
};

/** llama-server's own completion, and its completion between two texts (llama.vim, llama.vscode). */
export const llamaCompletion: Dialect = {
  ...family,
  name: "llama",
  paths: {
    ...openAiPaths,
    root: null,
    under: ["/completion", "/infill", "/tokenize", "/detokenize", "/apply-template"],
    generations: ["/completion", "/infill"],
    questions: ["/tokenize", "/detokenize", "/apply-template"],
    // What these change is for the operator: the gateway answers a GET, and passes nothing.
    reads: ["/props", "/slots"],
  },
  prompt: {
    ...plainPrompt,
    fields: ["prompt", "input_prefix", "input_suffix", "input_extra"],
    generates: true,
    conversation: "prompt",
    textField: "prompt",
  },
  answer: { ...passingAnswer, isReadWhole: true },
};

/** llama-server's own embeddings: a list without usage. */
export const llamaEmbedding: Dialect = {
  ...family,
  name: "llama_embedding",
  paths: { ...openAiPaths, root: null, under: ["/embedding"], generations: ["/embedding"] },
  prompt: { ...plainPrompt, fields: ["content"], generates: false },
};
