import { type ValueKind, WrongValue } from "./kind.ts";

/** One of a few words, in any case. */
export function choice<const Word extends string>(words: readonly Word[]): ValueKind<Word> {
  // YAML reads a bare `off` as false where its version is 1.1.
  const alsoOff = words.some((word) => word === "off") ? [false] : [];
  return {
    read(text) {
      const found = words.find((word) => word === text.toLowerCase());
      if (found === undefined) throw new WrongValue(`must be one of ${words.join(", ")}`);
      return found;
    },
    schema: { enum: [...words, ...alsoOff] },
  };
}

/** The parts of a text with commas or blanks between them; `off` is an empty list. */
export function itemsOf(text: string): readonly string[] {
  return text.toLowerCase() === "off"
    ? Object.freeze([])
    : Object.freeze(text.split(/[\s,]+/).filter((item) => item !== ""));
}

/** Several values with commas or blanks between them; `off` is an empty list. */
export function listOf(
  must: string,
  isRight: (item: string) => boolean,
): ValueKind<readonly string[]> {
  return {
    read(text) {
      const items = itemsOf(text);
      if (items.every(isRight)) return items;
      throw new WrongValue(must);
    },
    schema: { type: ["string", "boolean"] },
  };
}

/** Text with a rule of its own. */
export function textKind<Value>(read: (text: string) => Value): ValueKind<Value> {
  return { read, schema: { type: ["string", "number"] } };
}
