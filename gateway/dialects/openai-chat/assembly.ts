import { isJsonObject } from "../../json-object.ts";
import { AssembledChoice, type Fields } from "./assembled-choice.ts";
import { AssembledUsage } from "./assembled-usage.ts";

/** An answer that is put together from the chunks of a stream. */
export type Assembly = {
  /** Takes the data of one event, parsed; what is no chunk is left out. */
  add(chunk: unknown): void;
  /** The answer as it would have been without streaming, under this id. */
  answer(id: string): Fields;
  /** The id the upstream gave it; null before the first chunk. */
  readonly upstreamId: string | null;
};

type AssemblyOptions = {
  /** The answer's `object`. */
  object: string;
  /** How many prompts it answers. */
  prompts: number;
  choice(choice: AssembledChoice): Fields;
};

/** What chat and text completions have in common; `choice` gives each choice its shape. */
function createAssembly({ object, prompts, choice }: AssemblyOptions): Assembly {
  const choices = new Map<number, AssembledChoice>();
  const usages = new AssembledUsage();
  /** Fields of the answer, known and unknown, each from the last chunk that had it. */
  const fields: Fields = {};
  let upstreamId: string | null = null;
  let lastIndex = 0;

  function addChoice(piece: unknown): void {
    if (!isJsonObject(piece)) return;
    lastIndex = typeof piece.index === "number" ? piece.index : 0;
    let found = choices.get(lastIndex);
    if (found === undefined) {
      found = new AssembledChoice(lastIndex);
      choices.set(lastIndex, found);
    }
    found.add(piece);
  }

  return {
    get upstreamId() {
      return upstreamId;
    },
    add(chunk) {
      if (!isJsonObject(chunk)) return;
      // An object's kind is the answer's own; a prompt's progress is no part of an answer.
      const {
        choices: pieces,
        usage,
        timings,
        id,
        object: _o,
        prompt_progress: _p,
        ...rest
      } = chunk;
      if (typeof id === "string") upstreamId ??= id;
      Object.assign(fields, rest);
      if (Array.isArray(pieces)) for (const piece of pieces) addChoice(piece);
      // A usage chunk has no choice: it belongs to the one that has just finished.
      usages.add(lastIndex, usage, timings);
    },
    answer(id) {
      const sorted = [...choices].sort(([a], [b]) => a - b).map(([, one]) => choice(one));
      const usage = usages.usage(prompts);
      const timings = usages.timings();
      return {
        choices: sorted,
        ...fields,
        object,
        ...(usage === null ? {} : { usage }),
        id,
        ...(timings === null ? {} : { timings }),
      };
    },
  };
}

/** Puts a `chat.completion` together from its `chat.completion.chunk`s. */
export function assembleChat(): Assembly {
  return createAssembly({
    object: "chat.completion",
    prompts: 1,
    choice: (choice) => choice.chat(),
  });
}

/** Puts a `text_completion` together from its chunks; `prompts` is how many it was asked for. */
export function assembleCompletion(prompts: number): Assembly {
  return createAssembly({ object: "text_completion", prompts, choice: (choice) => choice.text() });
}
