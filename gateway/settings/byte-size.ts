import type { z } from "zod";
import { text } from "./text-schemas.ts";

const units: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1_000,
  mb: 1_000_000,
  gb: 1_000_000_000,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

/** `32MiB`, `10 MB`, `4096`; a bare number is bytes. Whole bytes, or undefined. */
export function parseByteSize(written: string): number | undefined {
  const [, number, unit = "b"] = /^(\d+(?:\.\d+)?) ?([kmg]i?b|b)?$/i.exec(written) ?? [];
  const factor = units[unit.toLowerCase()];
  if (number === undefined || factor === undefined) return undefined;
  return Math.round(Number(number) * factor);
}

/** A size of at least one byte. */
export function byteSize(): z.ZodType<number> {
  return text("must be a size such as 32MiB, 512KiB, 10MB or 4096 (bytes), above 0", (written) => {
    const bytes = parseByteSize(written);
    return bytes !== undefined && bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
  });
}
