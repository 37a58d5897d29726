import { type Declared, type DeclaredValue, kindOf } from "./declared.ts";
import { didYouMean } from "./did-you-mean.ts";
import { type JsonSchema, readText, type ValueKind } from "./kind.ts";
import { shown } from "./shown.ts";
import type { Written } from "./written.ts";

/**
 * Takes a fault. `at` is as in Written; `says` holds no secret. `value` is what stands there, fit
 * to be shown to the owner of the file, and not to be logged.
 */
export type TakeFault = (at: string, says: string, value?: string) => void;

/** One member of an object in a file: declared once, for its reader, its type and the schema. */
export type Member = Declared & {
  /** Its name in the file. */
  readonly name: string;
  readonly about: string;
  /** A right value, for the line that tells of a wrong one. */
  readonly example: string;
  /** The value if the member is not set. */
  readonly otherwise: string | number | boolean | null;
  /** Its value is never shown. */
  readonly secret?: boolean;
};

/** The members of an object, by the property that takes each. */
export type MemberTable = Readonly<Record<string, Member>>;

/** What a member comes to. */
export type MemberValue<One> =
  | DeclaredValue<One>
  | (One extends { readonly otherwise: infer Otherwise } ? Otherwise : never);

/** What an object of these members comes to. */
export type MembersOf<Table> = { readonly [Name in keyof Table]: MemberValue<Table[Name]> };

/** The names of a table's members in the file. */
export function namesOf(table: MemberTable): readonly string[] {
  return Object.values(table).map(({ name }) => name);
}

/** The named members that are set; null, and a fault, for what has no members. */
export function membersIn<Name extends string>(
  written: Written,
  names: readonly Name[],
  about: string,
  fault: TakeFault,
): ReadonlyMap<Name, Written> | null {
  if (written.members === null) {
    fault(written.at, `${about} must have members: ${names.join(", ")}`);
    return null;
  }
  const found = new Map<Name, Written>();
  for (const { name, at, written: member } of written.members) {
    const known = names.find((one) => one === name);
    if (known === undefined) {
      const hint = didYouMean(name, names) || `; there are ${names.join(", ")}`;
      fault(at, `${about} has no member ${nameShown(name)}${hint}`);
    } else if (member.text !== "") {
      found.set(known, member);
    }
  }
  return found;
}

/** The name of an unknown member; a key in the wrong place is not repeated. */
function nameShown(name: string): string {
  return /^[a-z][a-z._-]{0,31}$/i.test(name) ? shown(name) : "of this name";
}

/** The value of one declared member. A wrong one is a fault, and counts as not set. */
export function readMember<const One extends Member>(
  member: One,
  written: Written | undefined,
  about: string,
  fault: TakeFault,
): MemberValue<One>;
export function readMember(
  member: Member,
  written: Written | undefined,
  about: string,
  fault: TakeFault,
): unknown {
  const { name, otherwise, example, secret } = member;
  if (written === undefined) return otherwise;
  return readValue(kindOf(member), written, otherwise, `${about} ${name}`, (at, says, value) => {
    fault(at, `${says}; for example ${name}: ${example}`, secret ? undefined : value);
  });
}

/** The values of a whole table, each from the member of its name. */
export function readMembers<Table extends MemberTable>(
  table: Table,
  given: ReadonlyMap<string, Written>,
  about: string,
  fault: TakeFault,
): MembersOf<Table> {
  return Object.fromEntries(
    Object.entries(table).map(([property, member]) => [
      property,
      readMember(member, given.get(member.name), about, fault),
    ]),
  ) as MembersOf<Table>;
}

/** A single value by its kind; a fault, and `otherwise`, for a wrong one. */
export function readValue<Value, Otherwise>(
  kind: ValueKind<Value>,
  written: Written,
  otherwise: Otherwise,
  about: string,
  fault: TakeFault,
): Value | Otherwise {
  if (written.text === null) {
    fault(written.at, `${about} must be a single value`);
    return otherwise;
  }
  const result = readText(kind, written.text);
  if (result.fault === null) return result.value;
  fault(written.at, `${about} ${result.fault}`, shown(written.text));
  return otherwise;
}

/** The schema of an object with these members, and no other. */
export function schemaOf(table: MemberTable, more: JsonSchema = {}): JsonSchema {
  const properties = Object.values(table).map((member) => [
    member.name,
    {
      description: member.about,
      examples: [member.example],
      anyOf: [{ type: "null" }, kindOf(member).schema],
    },
  ]);
  const own = Object.fromEntries(properties);
  return { type: "object", properties: { ...own, ...more }, additionalProperties: false };
}

/** The values of a table of which nothing is set. */
export function defaultsOf<Table extends MemberTable>(table: Table): MembersOf<Table> {
  const entries = Object.entries(table).map(([property, { otherwise }]) => [property, otherwise]);
  return Object.freeze(Object.fromEntries(entries)) as MembersOf<Table>;
}
