import { z } from "zod";

/**
 * A fault of a value; the message completes "NAME=value (source): " and never repeats the value.
 */
export class WrongValue extends Error {
  override readonly name = "WrongValue";
}

/** A schema from a reader of text that throws WrongValue. */
export function kind<Value>(read: (text: string) => Value): z.ZodType<Value, string> {
  return z.string().transform((text, context) => {
    try {
      return read(text);
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error;
      context.addIssue({ code: "custom", message: error.message });
      return z.NEVER;
    }
  });
}

/** The same kind, where `off` is null. */
export function orOff<Value>(inner: z.ZodType<Value, string>): z.ZodType<Value | null, string> {
  return kind((text) => (text.toLowerCase() === "off" ? null : readBy(inner, text, ", or off")));
}

/** The same kind, where nothing at all is null. */
export function orNothing<Value>(inner: z.ZodType<Value, string>): z.ZodType<Value | null, string> {
  return kind((text) => (text === "" ? null : readBy(inner, text, "")));
}

function readBy<Value>(inner: z.ZodType<Value, string>, text: string, alsoRight: string): Value {
  const result = inner.safeParse(text);
  if (result.success) return result.data;
  throw new WrongValue(faultOf(result.error) + alsoRight);
}

/** What the value must be. */
export function faultOf(error: z.ZodError): string {
  return error.issues[0]?.message ?? "must be another value";
}
