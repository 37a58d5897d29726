import { AssembledChoice, type Fields, isFields } from "./assembled-choice.ts";
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

export type AssemblyOptions = {
  /** The answer's `object`. */
  object: string;
  /** How many prompts it answers. */
  prompts: number;
  choice(choice: AssembledChoice): Fields;
};

/** What chat and text completions have in common; `choice` gives each choice its shape. */
export function createAssembly({ object, prompts, choice }: AssemblyOptions): Assembly {
  const choices = new Map<number, AssembledChoice>();
  const usages = new AssembledUsage();
  /** Fields of the answer, known and unknown, each from the last chunk that had it. */
  const fields: Fields = {};
  let upstreamId: string | null = null;
  let lastIndex = 0;

  function addChoice(piece: unknown): void {
    if (!isFields(piece)) return;
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
      if (!isFields(chunk)) return;
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
