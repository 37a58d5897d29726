import type { z } from "zod";
import { didYouMean } from "./did-you-mean.ts";
import { shown } from "./fault-line.ts";
import { faultOf } from "./kind.ts";
import type { Settings } from "./settings.ts";
import type { Written } from "./written.ts";

/** What the reader of a section may ask, and where it tells faults. */
export type Reading = {
  /** Those read already; one that was wrong is missing. */
  readonly settings: Partial<Settings>;
  /** A variable of the environment or of `.env`; undefined where it is not set. */
  readonly variable: (name: string) => string | undefined;
  /** Whether there is a file of this path. */
  readonly exists: (path: string) => boolean;
  /** `at` as in Written; `says` without secrets. */
  readonly fault: (at: string, says: string) => void;
};

/** The named members that are set; null, and a fault, for what has no members. */
export function membersOf<Name extends string>(
  written: Written,
  names: readonly Name[],
  about: string,
  { fault }: Reading,
): ReadonlyMap<Name, Written> | null {
  if (written.members === null) {
    fault(written.at, `${about} must have members: ${names.join(", ")}`);
    return null;
  }
  const found = new Map<Name, Written>();
  for (const { name, at, written: member } of written.members) {
    const known = names.find((one) => one === name);
    if (known === undefined) {
      fault(at, `${about} has no member ${shown(name.slice(0, 40))}${didYouMean(name, names)}`);
    } else if (member.text !== "") {
      found.set(known, member);
    }
  }
  return found;
}

/** A single value by its kind; `otherwise` where it is not set, or wrong, which is a fault. */
export function readValue<Value>(
  written: Written | undefined,
  kind: z.ZodType<Value, string>,
  otherwise: Value,
  about: string,
  { fault }: Reading,
): Value {
  if (written === undefined) return otherwise;
  if (written.text === null) {
    fault(written.at, `${about} must be a single value`);
    return otherwise;
  }
  const result = kind.safeParse(written.text);
  if (result.success) return result.data;
  fault(written.at, `${about} ${faultOf(result.error)}`);
  return otherwise;
}
