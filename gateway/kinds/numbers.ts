import { type JsonSchema, type ValueKind, WrongValue } from "./kind.ts";

/** Whole numbers between two bounds, both included. */
export function wholeNumber(least: number, most: number, must: string): ValueKind<number> {
  return {
    read(text) {
      const value = Number(text);
      if (!/^\d+$/.test(text) || value < least || value > most) throw new WrongValue(must);
      return value;
    },
    schema: { anyOf: [{ type: "integer", minimum: least, maximum: most }, digits] },
  };
}

const digits: JsonSchema = { type: "string", pattern: "^[0-9]+$" };

export type Bounds = {
  /** Included, unless `isAbove`. */
  readonly least: number;
  readonly most: number;
  /** The least itself is too little. */
  readonly isAbove?: boolean;
  readonly must: string;
};

/** Numbers between two bounds, with or without decimals: `2`, `0.5`, `8e-6`. */
export function decimal({ least, most, isAbove = false, must }: Bounds): ValueKind<number> {
  return {
    read(text) {
      const value = Number(text);
      const isNumber = /^\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text);
      const isEnough = isAbove ? value > least : value >= least;
      if (!isNumber || !isEnough || value > most) throw new WrongValue(must);
      return value;
    },
    schema: {
      anyOf: [
        { type: "number", [isAbove ? "exclusiveMinimum" : "minimum"]: least, maximum: most },
        { type: "string", pattern: "^[0-9]" },
      ],
    },
  };
}
