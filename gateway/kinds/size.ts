import { orWord, type ValueKind, WrongValue } from "./kind.ts";

const unitBytes: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
};

/** Bytes, or an amount with KiB, MiB, GiB, KB, MB or GB. Gives bytes. */
export const size: ValueKind<number> = {
  read(text) {
    const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?) ?([kmg]i?b|b|)$/i.exec(text) ?? [];
    const value = Math.round(Number(amount) * (unitBytes[unit.toLowerCase()] ?? 0));
    if (amount !== "" && value >= 1 && value <= 2 ** 50) return value;
    throw new WrongValue("must be a size in bytes, or with KiB, MiB, GiB, KB, MB or GB, above 0");
  },
  schema: {
    anyOf: [
      { type: "integer", minimum: 1 },
      { type: "string", pattern: "^[0-9]+(\\.[0-9]+)? ?([kKmMgG][iI]?)?[bB]?$" },
    ],
  },
};

/** Bytes, or `auto`: the gateway decides. */
export const sizeOrAuto: ValueKind<number | "auto"> = orWord(size, "auto", "auto");
