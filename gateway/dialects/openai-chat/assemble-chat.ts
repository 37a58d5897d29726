import { type Assembly, createAssembly } from "./assembly.ts";

/** Puts a `chat.completion` together from its `chat.completion.chunk`s. */
export function assembleChat(): Assembly {
  return createAssembly({
    object: "chat.completion",
    prompts: 1,
    choice: (choice) => choice.chat(),
  });
}
