import { z } from "zod";

/** A schema for text: `parse` gives the value, or undefined where the text breaks the `rule`. */
export function text<T>(rule: string, parse: (text: string) => T | undefined): z.ZodType<T> {
  return z.string(rule).transform((written, context) => {
    const value = parse(written);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: rule });
    return z.NEVER;
  });
}

/** The word `off`, which becomes null, or what `schema` takes. */
export function orOff<T>(schema: z.ZodType<T>): z.ZodType<T | null> {
  return orWord("off", null, schema);
}

/** One word that stands for a value of its own, or what `schema` takes. */
export function orWord<W, T>(word: string, value: W, schema: z.ZodType<T>): z.ZodType<W | T> {
  return z.unknown().transform((written, context) => {
    if (typeof written === "string" && written.toLowerCase() === word) return value;
    const checked = schema.safeParse(written);
    if (checked.success) return checked.data;
    const rule = checked.error.issues[0]?.message ?? "must be something else";
    context.addIssue({ code: "custom", message: `${rule}, or ${word}` });
    return z.NEVER;
  });
}

/** A whole number in decimal digits. */
export function wholeNumber(from: number, to: number = Number.MAX_SAFE_INTEGER): z.ZodType<number> {
  const range = to === Number.MAX_SAFE_INTEGER ? `of at least ${from}` : `from ${from} to ${to}`;
  return text(`must be a whole number ${range}`, (written) => {
    const value = Number(written);
    return /^\d+$/.test(written) && value >= from && value <= to ? value : undefined;
  });
}

/** A TCP port. 0 is taken too, and means any free one: tests need it, people do not. */
export function port(): z.ZodType<number> {
  return text("must be a whole number from 1 to 65535", (written) => {
    return /^\d{1,5}$/.test(written) && Number(written) <= 65_535 ? Number(written) : undefined;
  });
}

/** A number above zero. */
export function positiveNumber(): z.ZodType<number> {
  return text("must be a number above 0", (written) => {
    const value = /^\d+(\.\d+)?$/.test(written) ? Number(written) : 0;
    return value > 0 && Number.isFinite(value) ? value : undefined;
  });
}

/** One of a few words, in any case. */
export function choice<const W extends string>(...words: W[]): z.ZodType<W> {
  return text(`must be one of ${words.join(", ")}`, (written) =>
    words.find((word) => word === written.toLowerCase()),
  );
}

/** A file's path. */
export function path(): z.ZodType<string> {
  return text("must be a path", (written) => (written.includes("\0") ? undefined : written));
}
