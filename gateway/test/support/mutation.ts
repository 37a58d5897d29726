import fc from "fast-check";

/** What may stand in the place of any value. */
const oddValue = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -5, 1.5, 1e308, "", "11", "[DONE]", "data: x\n\n", "ü😀"),
  fc.constantFrom<unknown>([], {}, [null], { error: "x" }, { input_tokens: -1 }, [[[]]]),
  fc.jsonValue(),
);

/** One change of a JSON value. */
export type Mutation = {
  /** Which of several values is changed. */
  readonly event: number;
  /** The way to the place: at each level, which of the keys. */
  readonly places: readonly number[];
  readonly odd: unknown;
  /** 0 drops the key, 1 adds `odd` under the doubled key, 2 puts `odd` in its place. */
  readonly how: number;
};

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  event: fc.nat(8),
  places: fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }),
  odd: oddValue,
  how: fc.nat(2),
});

/** Replaces, drops or doubles the value at one of the places of `value`. */
export function mutated(value: unknown, { places, odd, how }: Omit<Mutation, "event">): unknown {
  const [at = 0, ...rest] = places;
  if (typeof value !== "object" || value === null || places.length === 0) return odd;
  const keys = Object.keys(value);
  const key = keys[at % Math.max(1, keys.length)];
  if (key === undefined) return odd;
  const copy: Record<string, unknown> = { ...value };
  if (rest.length > 0) copy[key] = mutated(copy[key], { places: rest, odd, how });
  else if (how === 0) delete copy[key];
  else if (how === 1) copy[`${key}${key}`] = odd;
  else copy[key] = odd;
  return Array.isArray(value) ? Object.values(copy) : copy;
}
