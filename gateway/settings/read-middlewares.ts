import { kindOf } from "../kinds/declared.ts";
import { didYouMean } from "../kinds/did-you-mean.ts";
import { type MembersOf, membersIn, namesOf, readMembers, schemaOf } from "../kinds/members.ts";
import { shown } from "../kinds/shown.ts";
import type { Written, WrittenMember } from "../kinds/written.ts";
import { limitDefinitions, readLimitFields } from "../limits/limit-fields.ts";
import type { Reading } from "./reading.ts";
import type { Section } from "./setting.ts";

/** Something that config.yaml adds to the steps of a request. */
export type MiddlewareSettings = {
  /** `auth`, `rate_limit`, `trace`, or the path of the user's own file. */
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
};

const authMembers = {
  mode: {
    name: "mode",
    about: "none lets the LAN in without keys; the tunnel always needs a key",
    oneOf: ["none", "required"],
    otherwise: "required",
    example: "required",
  },
} as const;

const traceMembers = {
  directory: {
    name: "directory",
    about: "the folder of its files",
    kind: "path",
    otherwise: "data/traces",
    example: "data/traces",
  },
  maxFiles: {
    name: "max_files",
    about: "how many files it keeps, or off",
    kind: "count",
    unset: "off",
    otherwise: 1_000,
    example: "1000",
  },
  maxAgeMs: {
    name: "max_age",
    about: "how long it keeps a file, or off",
    kind: "age",
    unset: "off",
    otherwise: 604_800_000,
    example: "7d",
  },
  maxBytes: {
    name: "max_bytes",
    about: "the size of all its files together, or off",
    kind: "size",
    unset: "off",
    otherwise: 1_073_741_824,
    example: "1GiB",
  },
} as const;

/** The options of `trace`; null is without end. */
export type TraceSettings = MembersOf<typeof traceMembers>;

const builtIn = ["auth", "rate_limit", "trace"] as const;
type BuiltIn = (typeof builtIn)[number];
type Options = Readonly<Record<string, unknown>>;

const readers: Readonly<Record<BuiltIn, (options: Written, reading: Reading) => Options>> = {
  auth(options, { fault }) {
    const about = "middleware auth:";
    const given = membersIn(options, namesOf(authMembers), about, fault) ?? new Map();
    return readMembers(authMembers, given, about, fault);
  },
  rate_limit: (options, { fault }) => readLimitFields(options, "middleware rate_limit:", fault),
  trace(options, { fault }): TraceSettings {
    const about = "middleware trace:";
    const given = membersIn(options, namesOf(traceMembers), about, fault) ?? new Map();
    return readMembers(traceMembers, given, about, fault);
  },
};

const modes = kindOf(authMembers.mode).schema;
const optionSchemas = {
  auth: schemaOf(authMembers),
  rate_limit: limitDefinitions().limits ?? {},
  trace: schemaOf(traceMembers),
};

/** In their order: a name, `{ name, its options }`, or `auth: none`. */
export const middlewaresSection: Section<readonly MiddlewareSettings[]> = {
  read: readMiddlewares,
  schema: {
    type: "array",
    items: {
      anyOf: [
        { type: "string" },
        { type: "object", properties: { auth: modes }, required: ["auth"], maxProperties: 1 },
        ...builtIn.map((name) => withName(name)),
        {
          type: "object",
          properties: { name: { type: "string", not: { enum: builtIn } } },
          required: ["name"],
        },
      ],
    },
  },
};

function withName(name: BuiltIn): object {
  const schema = optionSchemas[name];
  const properties = { name: { const: name }, ...Object(schema.properties) };
  return { ...schema, properties, required: ["name"] };
}

function readMiddlewares(section: Written | null, reading: Reading): MiddlewareSettings[] {
  if (section !== null && section.items === null) {
    reading.fault(section.at, "middlewares must be a list: auth, rate_limit, trace or files");
  }
  const seen = new Set<string>();
  return (section?.items ?? []).flatMap((item) => {
    const named = nameOf(item);
    if (named === null) {
      reading.fault(item.at, "a middleware must be a name, or have one: {name: trace}");
      return [];
    }
    const { name, at, options } = named;
    if (seen.has(name)) reading.fault(at, `middleware ${shown(name)} is named twice`);
    seen.add(name);
    const known = builtIn.find((one) => one === name);
    if (known !== undefined) return [{ name, options: readers[known](options, reading) }];
    faultOfFile(name, at, reading);
    return [{ name, options: options.value as Options }];
  });
}

type Named = { readonly name: string; readonly at: string; readonly options: Written };

function nameOf(item: Written): Named | null {
  if (item.text !== null) {
    return item.text === "" ? null : { name: item.text, at: item.at, options: without([], item) };
  }
  const members = item.members ?? [];
  const [first] = members;
  // So many words turn it off, and nothing else does.
  if (first?.name === "auth" && members.length === 1) {
    return { name: "auth", at: first.at, options: without([{ ...first, name: "mode" }], item) };
  }
  const name = members.find((member) => member.name === "name")?.written;
  if (!name?.text) return null;
  const others = members.filter((member) => member.name !== "name");
  return { name: name.text, at: name.at, options: without(others, item) };
}

function without(members: readonly WrittenMember[], { at }: Written): Written {
  const value = Object.fromEntries(members.map(({ name, written }) => [name, written.value]));
  return { at, value, text: null, items: null, members };
}

function faultOfFile(name: string, at: string, { exists, fault }: Reading): void {
  const isPath = /^\.{0,2}\/|\.[cm]?[jt]s$/.test(name);
  if (!isPath) {
    const says = `there is no middleware ${shown(name)}${didYouMean(name, builtIn)}`;
    fault(at, `${says}; there are ${builtIn.join(", ")}, and paths such as ./mine.ts`);
  } else if (!exists(name)) {
    fault(at, `middleware ${shown(name)}: there is no such file, seen from where the gateway runs`);
  }
}
