import { newKey } from "../../users/key.ts";
import type { Surroundings } from "../frame/surroundings.ts";

/** A key to be stored. `isOwn`: the user gave it, so it is not shown again. */
export type ChosenKey = { readonly key: string; readonly isOwn: boolean };

export const keyOptions = {
  "own-key": {
    type: "boolean",
    default: false,
    about: "asks for the key, or reads it from standard input",
  },
  plain: { type: "boolean", default: false, about: "stores the key as it is, not hashed" },
} as const;

export const hintOption = {
  hint: { type: "string", value: "sk-1234", about: "only the keys that start so" },
} as const;

/** Makes a key, or asks for one. It is never an argument: `ps` shows arguments to everybody. */
export async function chooseKey({ askSecret }: Surroundings, isOwn: boolean): Promise<ChosenKey> {
  if (!isOwn) return { key: newKey(), isOwn };
  const key = await askSecret("Key (not shown): ");
  if (key === "") throw new Error("standard input holds no key");
  return { key, isOwn };
}

/** Shows a new key once: alone on standard output, so that `users add … | clip` works. */
export function showKey({ out, say }: Surroundings, chosen: ChosenKey, message: string): void {
  if (chosen.isOwn) {
    say(`${message}.`);
    if (chosen.key.length < 16) say("WARNING: the key is short, so it can be guessed.");
    return;
  }
  say(`${message}. The key is shown only this once:`);
  out(chosen.key);
}
