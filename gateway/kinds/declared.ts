import * as accessKinds from "./access-kinds.ts";
import { orNothing, orOff, type ValueKind, type ValueOf } from "./kind.ts";
import * as modelKinds from "./model-kinds.ts";
import { notifyAddress } from "./notify-address.ts";
import * as otelKinds from "./otel-kinds.ts";
import * as plainKinds from "./plain-kinds.ts";
import * as sizes from "./size.ts";
import { choice } from "./words.ts";

type Kinds = typeof plainKinds & {
  readonly notifyAddress: typeof notifyAddress;
} & typeof accessKinds &
  typeof modelKinds &
  typeof otelKinds &
  typeof sizes;
const kinds: Kinds = {
  ...plainKinds,
  ...accessKinds,
  ...modelKinds,
  ...otelKinds,
  ...sizes,
  notifyAddress,
};

/**
 * The values that a declaration allows: a kind by its name, or a few words. `unset` is how one
 * writes that there is none, which is null: the word `off`, or nothing at all.
 */
export type Declared = (
  | { readonly kind: keyof Kinds; readonly oneOf?: never }
  | { readonly oneOf: readonly string[]; readonly kind?: never }
) & { readonly unset?: "off" | "nothing" };

/** The type of a declaration's value. */
export type DeclaredValue<Of> =
  | (Of extends { readonly oneOf: readonly (infer Word)[] } ? Word : never)
  | (Of extends { readonly kind: infer Name extends keyof Kinds } ? ValueOf<Kinds[Name]> : never)
  | (Of extends { readonly unset: string } ? null : never);

/** The kind that a declaration names. */
export function kindOf({ kind, oneOf, unset }: Declared): ValueKind<unknown> {
  const inner: ValueKind<unknown> = kind === undefined ? choice(oneOf) : kinds[kind];
  if (unset === undefined) return inner;
  return unset === "off" ? orOff(inner) : orNothing(inner);
}
