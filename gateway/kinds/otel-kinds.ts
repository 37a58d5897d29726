import { type ValueKind, WrongValue } from "./kind.ts";
import { decimal, wholeNumber } from "./numbers.ts";
import { textKind } from "./words.ts";

// Every export is a kind that a declaration names. The forms are those of OpenTelemetry's variables.

/** The base address of a collector, without a final slash. */
export const otlpUrl: ValueKind<string> = textKind((text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && url.username === "" && url.search === "" && url.hash === "";
  if (isPlain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, "");
  throw new WrongValue("must be the address of a collector, like http://127.0.0.1:4318");
});

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return null;
  }
}

function pairsIn(text: string, isRight: (name: string, value: string) => boolean) {
  const pairs = text.split(",").flatMap((pair) => {
    if (pair.trim() === "") return [];
    const at = pair.indexOf("=");
    const name = at < 1 ? null : decoded(pair.slice(0, at));
    const value = at < 1 ? null : decoded(pair.slice(at + 1));
    if (!name || value === null || !isRight(name, value)) return [null];
    return [[name, value] as const];
  });
  const isWrong = pairs.includes(null);
  return isWrong ? null : Object.freeze(Object.fromEntries(pairs.filter((pair) => pair !== null)));
}

/** Headers as `name=value`, with commas between them and percent-escapes inside. */
export const otlpHeaders: ValueKind<Readonly<Record<string, string>>> = textKind((text) => {
  const isHeader = (name: string, value: string): boolean =>
    /^[!#$%&'*+.^_`|~\w-]+$/.test(name) && /^[\t\x20-\x7e\x80-\xff]*$/.test(value);
  const headers = pairsIn(text, isHeader);
  if (headers !== null) return headers;
  throw new WrongValue("must be headers like api-key=abc,other=xyz, with %20 for a blank");
});

/** Attributes as `name=value`, in the same form. */
export const resourceAttributes: ValueKind<Readonly<Record<string, string>>> = textKind((text) => {
  const attributes = pairsIn(text, (_name, value) => !/\p{Cc}/u.test(value));
  if (attributes !== null) return attributes;
  throw new WrongValue("must be attributes like deployment.environment=home,host.name=gpu1");
});

/** OpenTelemetry counts milliseconds, without a unit. */
export const milliseconds: ValueKind<number> = wholeNumber(
  1,
  86_400_000,
  "must be whole milliseconds, from 1 to 86400000",
);

export const ratio: ValueKind<number> = decimal({
  least: 0,
  most: 1,
  must: "must be a number from 0 to 1",
});

export const spanCount: ValueKind<number> = wholeNumber(
  1,
  100_000,
  "must be a whole number from 1 to 100000",
);
