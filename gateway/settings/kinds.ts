import { isIPv6 } from "node:net";
import type { z } from "zod";
import { kind, WrongValue } from "./kind.ts";
import { normaliseUpstreamUrl } from "./normalise-upstream-url.ts";

/** Whole numbers between two bounds, both included. */
export function wholeNumber(from: number, to: number, must: string): z.ZodType<number, string> {
  return kind((text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < from || value > to) throw new WrongValue(must);
    return value;
  });
}

export const port: z.ZodType<number, string> = wholeNumber(
  0,
  65_535,
  "must be a whole number from 1 to 65535 (0: any free port)",
);

export const capacity: z.ZodType<number | "auto", string> = kind((text) => {
  if (text.toLowerCase() === "auto") return "auto";
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value > 10_000) {
    throw new WrongValue("must be a whole number from 1 to 10000, or auto");
  }
  return value;
});

export const count: z.ZodType<number, string> = wholeNumber(
  0,
  1_000_000,
  "must be a whole number from 0 to 1000000",
);

export const pace: z.ZodType<number, string> = kind((text) => {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > 1_000_000) {
    throw new WrongValue("must be a number above 0, at most 1000000");
  }
  return value;
});

const UNIT_MS: Record<string, number> = { ms: 1, "": 1_000, s: 1_000, m: 60_000, h: 3_600_000 };
/** Timers beyond 2^31-1 ms fire at once. */
const LONGEST_MS = 24 * 24 * 3_600_000;

/** `500ms`, `10s`, `1.5m`, `1h`; a bare number is seconds. Gives whole ms, at least `leastMs`. */
export function duration(leastMs: 0 | 1): z.ZodType<number, string> {
  return kind((text) => {
    const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|)$/i.exec(text) ?? [];
    const value = Math.round(Number(amount) * (UNIT_MS[unit.toLowerCase()] ?? 0));
    if (amount === "" || value < leastMs || value > LONGEST_MS) {
      const least = leastMs === 0 ? "" : "above 0 and ";
      throw new WrongValue(`must be a time with ms, s, m or h, ${least}at most 576h`);
    }
    return value;
  });
}

const UNIT_BYTES: Record<string, number> = {
  "": 1,
  b: 1,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
};

/** Bytes, or an amount with KiB, MiB, GiB, KB, MB or GB. */
export const bytes: z.ZodType<number, string> = kind((text) => {
  const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?) ?([kmg]i?b|b|)$/i.exec(text) ?? [];
  const value = Math.round(Number(amount) * (UNIT_BYTES[unit.toLowerCase()] ?? 0));
  if (amount === "" || value < 1 || value > 2 ** 50) {
    throw new WrongValue("must be a size in bytes, or with KiB, MiB, GiB, KB, MB or GB, above 0");
  }
  return value;
});

/** One of a few words, in any case. */
export function choice<const Word extends string>(words: readonly Word[]): z.ZodType<Word, string> {
  return kind((text) => {
    const found = words.find((word) => word === text.toLowerCase());
    if (found === undefined) throw new WrongValue(`must be one of ${words.join(", ")}`);
    return found;
  });
}

export const upstreamUrl: z.ZodType<string, string> = kind(normaliseUpstreamUrl);

/** A name or an address to listen on, not a URL; an IPv6 address with or without its brackets. */
export const host: z.ZodType<string, string> = kind((text) => {
  const address = text.replace(/^\[(.*)\]$/, "$1");
  if (isIPv6(address) || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text)) return address;
  throw new WrongValue("must be an address or a host name, without http:// and port");
});

export const path: z.ZodType<string, string> = kind((text) => {
  if (/\p{Cc}/u.test(text)) throw new WrongValue("must be a path to a file");
  return text;
});

/** As userNameFault of users/ has it. */
export const userName: z.ZodType<string, string> = kind((text) => {
  const isName = /^[A-Za-z0-9](?:[A-Za-z0-9._@+ -]{0,62}[A-Za-z0-9._@+-])?$/.test(text);
  if (isName && !text.startsWith("sk-")) return text;
  throw new WrongValue(
    "must be a name: 1 to 64 of A-Z a-z 0-9 . _ @ + - and inner spaces, a letter or digit first",
  );
});

/** A key as it goes into a header; a leading `Bearer ` is taken off. */
export const key: z.ZodType<string, string> = kind((text) => {
  const value = text.replace(/^bearer(\s+|$)/i, "");
  if (/^[\x21-\x7e]{1,4096}$/.test(value)) return value;
  throw new WrongValue("must be a key: visible ASCII characters without spaces, at most 4096");
});
