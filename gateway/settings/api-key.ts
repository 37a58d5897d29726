import type { z } from "zod";
import { text } from "./text-schemas.ts";

/** A key as it goes into a header; a leading `Bearer ` is taken off. */
export function apiKey(): z.ZodType<string> {
  return text("must be printable ASCII without spaces (a leading Bearer is fine)", (written) => {
    const key = written.replace(/^bearer\s+/i, "");
    return /^[\x21-\x7e]+$/.test(key) ? key : undefined;
  });
}
