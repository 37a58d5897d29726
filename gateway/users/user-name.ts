import { userName } from "../kinds/plain-kinds.ts";

/**
 * Why a text cannot be a user's name, or null. Names are shown in headers, metrics and file names,
 * so they have 1 to 64 letters, digits and `. _ @ + -`, spaces inside, and begin with a letter or
 * digit. The message never repeats the text: if key and name were swapped, the text is a key.
 */
export function userNameFault(name: string): string | null {
  if (name.startsWith("sk-")) return "the user's name looks like a key (the key comes first)";
  try {
    userName.read(name);
    return null;
  } catch {
    return "a user's name has 1 to 64 characters: letters, digits, . _ @ + - and spaces inside; it starts with a letter or a digit";
  }
}
