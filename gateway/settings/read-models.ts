import { shown } from "./fault-line.ts";
import { kind, WrongValue } from "./kind.ts";
import { wholeNumber } from "./kinds.ts";
import { modelGlob, neverReached } from "./model-glob.ts";
import { membersOf, type Reading, readValue } from "./reading.ts";
import type { ModelSettings, PriceSettings } from "./routing-settings.ts";
import type { Member, Written } from "./written.ts";

const names = [
  "name",
  "description",
  "context_length",
  "max_output",
  "max_concurrent",
  "price",
] as const;

export const tokens: Kind<number> = wholeNumber(1, 1e9, "must be a whole number of tokens above 0");

/** US dollars. */
export const dollars: Kind<number> = kind((text) => {
  const value = Number(text);
  if (/^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) && value <= 1_000) return value;
  throw new WrongValue("must be US dollars, from 0 to 1000; $3 a million tokens is 0.000003");
});

type Kind<Value> = Parameters<typeof readValue<Value>>[1];

const many = wholeNumber(1, 10_000, "must be a whole number from 1 to 10000");

const words = kind((text) => {
  if (text.length <= 2_000 && !/\p{Cc}/u.test(text)) return text;
  throw new WrongValue("must be one line of at most 2000 characters");
});

/** What is said of models, by name or glob; the first that matches counts. */
export function readModels(section: Written | null, reading: Reading): ModelSettings[] {
  if (section !== null && section.members === null) {
    reading.fault(section.at, "models must be names or globs, each with what is said of it");
  }
  const members = section?.members ?? [];
  for (const { one, taker } of neverReached(members.map(({ name: glob, at }) => ({ glob, at })))) {
    const says = `model ${shown(one.glob)} is never reached: ${shown(taker.glob)} (${taker.at}) takes it all`;
    reading.fault(one.at, says);
  }
  return members.map((member) => modelOf(member, reading));
}

function modelOf({ name: glob, at, written }: Member, reading: Reading): ModelSettings {
  const about = `model ${shown(glob)}:`;
  readValue({ ...written, text: glob, at }, modelGlob, "", `${about} its name`, reading);
  const given = membersOf(written, names, about, reading);
  const get = <Value>(member: (typeof names)[number], of: Kind<Value>): Value | null =>
    readValue<Value | null>(given?.get(member), of, null, `${about} ${member}`, reading);
  return {
    model: glob,
    name: get("name", words),
    description: get("description", words),
    contextLength: get("context_length", tokens),
    maxOutput: get("max_output", tokens),
    maxConcurrent: get("max_concurrent", many),
    price: priceOf(given?.get("price"), about, reading),
  };
}

const prices = ["prompt", "completion", "cached", "gpu_second"] as const;

function priceOf(
  written: Written | undefined,
  about: string,
  reading: Reading,
): PriceSettings | null {
  if (written === undefined) return null;
  const given = membersOf(written, prices, `${about} price`, reading);
  const get = <Other>(member: (typeof prices)[number], otherwise: Other): number | Other =>
    readValue<number | Other>(
      given?.get(member),
      dollars,
      otherwise,
      `${about} price.${member}`,
      reading,
    );
  return {
    input: get("prompt", 0),
    cached: get("cached", null),
    output: get("completion", 0),
    second: get("gpu_second", 0),
  };
}
