import {
  type MembersOf,
  membersIn,
  namesOf,
  readMembers,
  readValue,
  schemaOf,
} from "../kinds/members.ts";
import { modelGlob } from "../kinds/model-kinds.ts";
import { neverReached } from "../kinds/never-reached.ts";
import { shown } from "../kinds/shown.ts";
import type { Written, WrittenMember } from "../kinds/written.ts";
import type { Reading } from "./reading.ts";
import type { Section } from "./setting.ts";

const modelMembers = {
  name: {
    name: "name",
    about: "a name for people",
    kind: "oneLine",
    otherwise: null,
    example: "Qwen 3",
  },
  description: {
    name: "description",
    about: "one line for people",
    kind: "oneLine",
    otherwise: null,
    example: "For everything",
  },
  contextLength: {
    name: "context_length",
    about: "tokens that the model takes",
    kind: "tokens",
    otherwise: null,
    example: "32768",
  },
  maxOutput: {
    name: "max_output",
    about: "tokens of its longest answer",
    kind: "tokens",
    otherwise: null,
    example: "8192",
  },
  /** Null: as many as there are slots. */
  maxConcurrent: {
    name: "max_concurrent",
    about: "how many generations of it fill its box, or its upstream, alone",
    kind: "slots",
    otherwise: null,
    example: "2",
  },
} as const;

const priceMembers = {
  input: {
    name: "prompt",
    about: "US dollars for a token of a prompt",
    kind: "dollars",
    otherwise: 0,
    example: "0.000001",
  },
  /** Null: as `input`. */
  cached: {
    name: "cached",
    about: "US dollars for a token of a prompt that was cached; not set: as prompt",
    kind: "dollars",
    otherwise: null,
    example: "0.0000001",
  },
  output: {
    name: "completion",
    about: "US dollars for a token of an answer",
    kind: "dollars",
    otherwise: 0,
    example: "0.000002",
  },
  second: {
    name: "gpu_second",
    about: "US dollars for a second of the upstream's time",
    kind: "dollars",
    otherwise: 0,
    example: "0.0001",
  },
} as const;

/** US dollars. */
type PriceSettings = MembersOf<typeof priceMembers>;

/** The configured facts of the models with a matching name. */
export type ModelSettings = { readonly model: string } & MembersOf<typeof modelMembers> & {
    readonly price: PriceSettings | null;
  };

/** What is said of models, by name or glob; the first that matches counts. */
export const modelsSection: Section<readonly ModelSettings[]> = {
  read: readModels,
  schema: {
    type: "object",
    additionalProperties: schemaOf(modelMembers, { price: schemaOf(priceMembers) }),
  },
};

function readModels(section: Written | null, reading: Reading): ModelSettings[] {
  if (section !== null && section.members === null) {
    reading.fault(section.at, "models must be names or globs, each with what is said of it");
  }
  const entries = section?.members ?? [];
  for (const { one, taker } of neverReached(entries.map(({ name: glob, at }) => ({ glob, at })))) {
    const says = `model ${shown(one.glob)} is never reached: ${shown(taker.glob)} (${taker.at}) takes it all`;
    reading.fault(one.at, says);
  }
  return entries.map((entry) => modelOf(entry, reading));
}

function modelOf({ name: glob, at, written }: WrittenMember, { fault }: Reading): ModelSettings {
  const about = `model ${shown(glob)}:`;
  readValue(modelGlob, { ...written, text: glob, at }, "", `${about} its name`, fault);
  const names = [...namesOf(modelMembers), "price"];
  const given = membersIn(written, names, about, fault) ?? new Map<string, Written>();
  const priced = given.get("price");
  const inPrice = `${about} price`;
  const prices = priced && membersIn(priced, namesOf(priceMembers), inPrice, fault);
  return {
    model: glob,
    ...readMembers(modelMembers, given, about, fault),
    price: prices ? readMembers(priceMembers, prices, `${inPrice}:`, fault) : null,
  };
}
