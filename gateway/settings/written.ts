/** A piece of a section as it was written; exactly one of text, items and members is not null. */
export type Written = {
  /** `config.yaml line 3, column 7`. */
  readonly at: string;
  /** As JSON would have it. */
  readonly value: unknown;
  /** Of a single value, as it was written: a number keeps its zeros; "" is nothing. */
  readonly text: string | null;
  readonly items: readonly Written[] | null;
  readonly members: readonly Member[] | null;
};

export type Member = {
  readonly name: string;
  /** Where the name stands. */
  readonly at: string;
  readonly written: Written;
};
