import { kindOf } from "../kinds/declared.ts";
import type { JsonSchema } from "../kinds/kind.ts";
import {
  membersIn,
  namesOf,
  readMember,
  readMembers,
  schemaOf,
  type TakeFault,
} from "../kinds/members.ts";
import type { Written } from "../kinds/written.ts";
import type { Metric, Mode } from "./limit.ts";

/** One limit of a layer. A null window or mode comes from the layer's own. */
export type LimitField = {
  /** In the field's unit. Null: no limit, whatever the layers below say. */
  readonly max: number | null;
  readonly windowMs: number | null;
  readonly mode: Mode | null;
};

/** One layer of limits: for everybody, for a role, or for a user. */
export type LimitFields = {
  readonly windowMs: number | null;
  readonly mode: Mode | null;
  readonly fields: Readonly<Partial<Record<FieldName, LimitField>>>;
};

export type FieldName =
  | "requests"
  | "tokens"
  | "upstream_seconds"
  | "cost"
  | "tokens_per_day"
  | "tokens_per_month"
  | "cost_per_day"
  | "cost_per_month";

type FieldKind = {
  readonly metric: Metric;
  readonly unit: number;
  readonly windowMs: number | null;
};

const day = 86_400_000;

/** What a field counts, in units of how much, and over which window where that is fixed. */
export const fieldMetrics: Readonly<Record<FieldName, FieldKind>> = {
  requests: { metric: "requests", unit: 1, windowMs: null },
  tokens: { metric: "tokens", unit: 1, windowMs: null },
  upstream_seconds: { metric: "upstream", unit: 1_000, windowMs: null },
  cost: { metric: "cost", unit: 1, windowMs: null },
  tokens_per_day: { metric: "tokens", unit: 1, windowMs: day },
  tokens_per_month: { metric: "tokens", unit: 1, windowMs: 30 * day },
  cost_per_day: { metric: "cost", unit: 1, windowMs: day },
  cost_per_month: { metric: "cost", unit: 1, windowMs: 30 * day },
};

export const noFields: LimitFields = Object.freeze({ windowMs: null, mode: null, fields: {} });

const layerMembers = {
  windowMs: {
    name: "window",
    about: "the sliding window of the limits that have none of their own",
    kind: "window",
    otherwise: null,
    example: "6h",
  },
  mode: {
    name: "mode",
    about: "at a limit: refuse with 429, or slow, which waits behind users within their limits",
    oneOf: ["refuse", "slow"],
    otherwise: null,
    example: "slow",
  },
} as const;

const maxMember = {
  name: "max",
  about: "the limit; off is no limit",
  kind: "amount",
  unset: "off",
  otherwise: null,
  example: "1000",
} as const;

const fieldNames = Object.keys(fieldMetrics) as readonly FieldName[];
const layerNames: readonly string[] = [...fieldNames, ...namesOf(layerMembers)];

/**
 * Reads a layer: `{window: 6h, mode: slow, tokens: 1000, upstream_seconds: {max: 1800, window:
 * 12h}, tokens_per_day: null, cost_per_month: 20}`, costs in US dollars. A wrong member is told to
 * `fault` and left out; the others count.
 */
export function readLimitFields(written: Written, about: string, fault: TakeFault): LimitFields {
  // Nothing for a limit is null, which is no limit; nothing for the section is no section.
  if (written.text === "" || written.text === "off") return noFields;
  const given = membersIn(written, layerNames, about, fault);
  if (given === null) return noFields;
  const fields: Partial<Record<FieldName, LimitField>> = {};
  for (const { name, written: one } of written.members ?? []) {
    if (!isFieldName(name)) continue;
    const field = one.text === "" ? noLimit : fieldOf(name, one, about, fault);
    if (field !== null) fields[name] = field;
  }
  return { ...readMembers(layerMembers, given, about, fault), fields };
}

function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(fieldMetrics, name);
}

const noLimit: LimitField = { max: null, windowMs: null, mode: null };

function fieldOf(
  name: FieldName,
  written: Written,
  about: string,
  fault: TakeFault,
): LimitField | null {
  let isRight = true;
  const spoilt: TakeFault = (at, says, value) => {
    isRight = false;
    fault(at, says, value);
  };
  if (written.members === null) {
    const max = readMember({ ...maxMember, name }, written, about, spoilt);
    return isRight ? { ...noLimit, max } : null;
  }
  const inner = `${about} ${name}:`;
  const isFixed = fieldMetrics[name].windowMs !== null;
  const names = isFixed ? ["max", "mode"] : ["max", "window", "mode"];
  const given = membersIn(written, names, inner, spoilt);
  if (given === null) return null;
  if (!given.has("max")) spoilt(written.at, `${inner} needs a max; for example max: 1000`);
  const max = readMember(maxMember, given.get("max"), inner, spoilt);
  const own = readMembers(layerMembers, given, inner, spoilt);
  return isRight ? { ...own, max } : null;
}

/** The schema of a layer, for editors: one of the definitions below. */
export const layerSchema: JsonSchema = { $ref: "#/definitions/limits" };

/** The definitions that the schema of config.yaml needs for layers. */
export function limitDefinitions(): Readonly<Record<string, JsonSchema>> {
  const single = [{ type: "null" }, kindOf(maxMember).schema];
  const object = schemaOf(layerMembers, { max: { anyOf: single } });
  const limit = { anyOf: [...single, { ...object, required: ["max"] }] };
  const fields = fieldNames.map((name) => [name, { $ref: "#/definitions/limit" }]);
  return { limit, limits: schemaOf(layerMembers, Object.fromEntries(fields)) };
}
