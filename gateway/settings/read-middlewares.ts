import { didYouMean } from "./did-you-mean.ts";
import { shown } from "./fault-line.ts";
import { orOff } from "./kind.ts";
import { bytes, choice, count, duration, path } from "./kinds.ts";
import { membersOf, type Reading, readValue } from "./reading.ts";
import type { MiddlewareSettings } from "./routing-settings.ts";
import type { Member, Written } from "./written.ts";

/** What `trace` may be told; null is without end. */
export type TraceSettings = {
  readonly directory: string;
  readonly maxFiles: number | null;
  readonly maxAgeMs: number | null;
  /** Of all its files together. */
  readonly maxBytes: number | null;
};

const builtIn = ["auth", "rate_limit", "trace"] as const;
type BuiltIn = (typeof builtIn)[number];
type Options = Readonly<Record<string, unknown>>;

/** Those of a layer of limits, which limits/ reads. */
const limitNames = [
  "requests",
  "tokens",
  "tokens_per_day",
  "tokens_per_month",
  "upstream_seconds",
  "cost",
  "cost_per_day",
  "cost_per_month",
  "window",
  "mode",
] as const;

const readers: Readonly<Record<BuiltIn, (options: Written, reading: Reading) => Options>> = {
  auth(options, reading) {
    const given = membersOf(options, ["mode"], "middleware auth", reading);
    const mode = choice(["none", "required"]);
    return {
      mode: readValue(given?.get("mode"), mode, "required", "middleware auth: it", reading),
    };
  },
  rate_limit(options, reading) {
    membersOf(options, limitNames, "middleware rate_limit", reading);
    return options.value as Options;
  },
  trace(options, reading): TraceSettings {
    const names = ["directory", "max_files", "max_age", "max_bytes"] as const;
    const given = membersOf(options, names, "middleware trace", reading);
    const get = <Value>(name: (typeof names)[number], of: Kind<Value>, otherwise: Value): Value =>
      readValue(given?.get(name), of, otherwise, `middleware trace: ${name}`, reading);
    return {
      directory: get("directory", path, "data/traces"),
      maxFiles: get("max_files", orOff(count), 1_000),
      maxAgeMs: get("max_age", orOff(duration(1)), 7 * 24 * 3_600_000),
      maxBytes: get("max_bytes", orOff(bytes), 2 ** 30),
    };
  },
};

type Kind<Value> = Parameters<typeof readValue<Value>>[1];

/** In their order: a name, `{ name, its options }`, or `auth: none`. */
export function readMiddlewares(section: Written | null, reading: Reading): MiddlewareSettings[] {
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
    if (seen.has(name)) reading.fault(at, `middleware ${shown(name)} stands there twice`);
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

function without(members: readonly Member[], { at }: Written): Written {
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
