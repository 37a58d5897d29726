import { type Assembly, createAssembly } from "./assembly.ts";

/** Puts a `text_completion` together from its chunks; `prompts` is how many it was asked for. */
export function assembleCompletion(prompts: number): Assembly {
  return createAssembly({ object: "text_completion", prompts, choice: (choice) => choice.text() });
}
