/** The members in which two objects differ, as they are in each; null if there are none. */
export function difference(
  one: object | null,
  other: object | null,
): { before: object | null; after: object | null } | null {
  const [was, is] = [new Map(Object.entries(one ?? {})), new Map(Object.entries(other ?? {}))];
  const names = [...new Set([...was.keys(), ...is.keys()])].filter(
    (name) => JSON.stringify(was.get(name)) !== JSON.stringify(is.get(name)),
  );
  if (names.length === 0) return null;
  const of = (from: Map<string, unknown>): object =>
    Object.fromEntries(names.map((name) => [name, from.get(name) ?? null]));
  return { before: one === null ? null : of(was), after: other === null ? null : of(is) };
}
