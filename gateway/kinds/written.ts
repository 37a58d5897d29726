/** A piece of a file as it was written; exactly one of text, items and members is not null. */
export type Written = {
  /** `config.yaml line 3, column 7`. */
  readonly at: string;
  /** As JSON would have it. */
  readonly value: unknown;
  /** Of a single value, as it was written: a number keeps its zeros; "" is nothing. */
  readonly text: string | null;
  readonly items: readonly Written[] | null;
  readonly members: readonly WrittenMember[] | null;
};

export type WrittenMember = {
  readonly name: string;
  /** Where the name stands. */
  readonly at: string;
  readonly written: Written;
};

/** A value of JSON, all of it at one place. */
export function writtenOf(value: unknown, at: string): Written {
  const single = { at, value, text: null, items: null, members: null };
  if (Array.isArray(value)) return { ...single, items: value.map((item) => writtenOf(item, at)) };
  if (typeof value !== "object" || value === null) {
    const text = value === null || value === undefined ? "" : value === false ? "off" : `${value}`;
    return { ...single, value: value ?? null, text: text.trim() };
  }
  const members = Object.entries(value).map(([name, inner]) => {
    return { name, at, written: writtenOf(inner, at) };
  });
  return { ...single, members };
}
