import { newKey } from "../../users/key.ts";
import type { Terminal } from "./terminal.ts";

/** A key to be stored. One's own is not shown again: whoever gave it knows it. */
export type ChosenKey = { readonly key: string; readonly isOwn: boolean };

/** Makes a key, or asks for one's own: never an argument, since `ps` shows those to everybody. */
export async function chooseKey(terminal: Terminal, isOwn: boolean): Promise<ChosenKey> {
  if (!isOwn) return { key: newKey(), isOwn };
  const key = await terminal.askSecret("Key (not shown): ");
  if (key === "") throw new Error("no key was given on standard input");
  return { key, isOwn };
}

/** Shows a new key once: alone on stdout, so that `users add … | clip` works. */
export function showKey(terminal: Terminal, chosen: ChosenKey, message: string): void {
  if (chosen.isOwn) {
    terminal.say(`${message}.`);
    if (chosen.key.length < 16) terminal.say("It is short, so it can be guessed.");
    return;
  }
  terminal.say(`${message}. The key is shown only this once:`);
  terminal.out(chosen.key);
}
