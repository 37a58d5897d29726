/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a value may be: how its text is read, and how an editor checks it in config.yaml. */
export type ValueKind<Value> = {
  /** Throws WrongValue where the text is not of this kind. */
  readonly read: (text: string) => Value;
  readonly schema: JsonSchema;
};

/** The value of a kind. */
export type ValueOf<Of> = Of extends ValueKind<infer Value> ? Value : never;

/** A wrong value. The message begins with "must", and never repeats the value. */
export class WrongValue extends Error {
  override readonly name = "WrongValue";
}

export type ReadText<Value> =
  | { readonly value: Value; readonly fault: null }
  | { readonly fault: string };

/** The value of a text, or what the text must be. */
export function readText<Value>(kind: ValueKind<Value>, text: string): ReadText<Value> {
  try {
    return { value: kind.read(text), fault: null };
  } catch (error) {
    if (!(error instanceof WrongValue)) throw error;
    return { fault: error.message };
  }
}

/** The same kind; `off` is null. */
export function orOff<Value>(inner: ValueKind<Value>): ValueKind<Value | null> {
  const kind = orWord(inner, "off", null);
  // YAML reads a bare `off` as false where its version is 1.1.
  return { ...kind, schema: { anyOf: [{ const: false }, kind.schema] } };
}

/** The same kind, and one word that has a meaning of its own. */
export function orWord<Value, const Meaning>(
  inner: ValueKind<Value>,
  word: string,
  meaning: Meaning,
): ValueKind<Value | Meaning> {
  return {
    read(text) {
      if (text.toLowerCase() === word) return meaning;
      const result = readText(inner, text);
      if (result.fault === null) return result.value;
      throw new WrongValue(`${result.fault}, or ${word}`);
    },
    schema: { anyOf: [{ const: word }, inner.schema] },
  };
}

/** The same kind; an empty text is null. */
export function orNothing<Value>(inner: ValueKind<Value>): ValueKind<Value | null> {
  return {
    read: (text) => (text === "" ? null : inner.read(text)),
    schema: { anyOf: [{ enum: ["", null] }, inner.schema] },
  };
}
