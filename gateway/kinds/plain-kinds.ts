import { isIPv6 } from "node:net";
import { duration as durationFrom } from "./duration.ts";
import { orWord, type ValueKind, WrongValue } from "./kind.ts";
import { normaliseUpstreamUrl } from "./normalise-upstream-url.ts";
import { decimal, wholeNumber } from "./numbers.ts";
import { choice, textKind } from "./words.ts";

// Every export is a kind that a declaration names.

export const port: ValueKind<number> = wholeNumber(
  0,
  65_535,
  "must be a whole number from 1 to 65535 (0: any free port)",
);

/** How many at once. */
export const slots: ValueKind<number> = wholeNumber(
  1,
  10_000,
  "must be a whole number from 1 to 10000",
);

export const capacity: ValueKind<number | "auto"> = orWord(slots, "auto", "auto");

/** How many processes. */
export const workers: ValueKind<number | "auto"> = orWord(
  wholeNumber(1, 256, "must be a whole number from 1 to 256"),
  "auto",
  "auto",
);

export const count: ValueKind<number> = wholeNumber(
  0,
  1_000_000,
  "must be a whole number from 0 to 1000000",
);

export const pace: ValueKind<number> = decimal({
  least: 0,
  isAbove: true,
  most: 1_000_000,
  must: "must be a number above 0, at most 1000000",
});

export const upstreamUrl: ValueKind<string> = textKind(normaliseUpstreamUrl);

/** A name or an address to listen on, not a URL; an IPv6 address with or without its brackets. */
export const host: ValueKind<string> = textKind((text) => {
  const address = text.replace(/^\[(.*)\]$/, "$1");
  if (isIPv6(address) || /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text)) return address;
  throw new WrongValue("must be an address or a host name, without http:// and port");
});

/** A user's name: 1 to 64 letters, digits and `. _ @ + -`, spaces inside. Never a key. */
export const userName: ValueKind<string> = textKind((text) => {
  const isName = /^[A-Za-z0-9](?:[A-Za-z0-9._@+ -]{0,62}[A-Za-z0-9._@+-])?$/.test(text);
  if (isName && !text.startsWith("sk-")) return text;
  throw new WrongValue(
    "must be a name: 1 to 64 of A-Z a-z 0-9 . _ @ + - and inner spaces, a letter or digit first",
  );
});

/** A key as it goes into a header; a leading `Bearer ` is taken off. */
export const key: ValueKind<string> = textKind((text) => {
  const value = text.replace(/^bearer(\s+|$)/i, "");
  if (/^[\x21-\x7e]{1,4096}$/.test(value)) return value;
  throw new WrongValue("must be a key: visible ASCII characters without spaces, at most 4096");
});

export const tokens: ValueKind<number> = wholeNumber(
  1,
  1e9,
  "must be a whole number of tokens above 0",
);

export const dollars: ValueKind<number> = decimal({
  least: 0,
  most: 1_000,
  must: "must be US dollars, from 0 to 1000; $3 a million tokens is 0.000003",
});

/** Milliseconds, above 0. */
export const duration: ValueKind<number> = durationFrom(1);
/** Milliseconds, or 0. */
export const durationOrZero: ValueKind<number> = durationFrom(0);
const day = 86_400_000;
/** The window of a limit; the ledger remembers no longer. Milliseconds. */
export const window: ValueKind<number> = durationFrom(1_000, 31 * day);
/** How long files are kept. Milliseconds. */
export const age: ValueKind<number> = durationFrom(1, 3_660 * day);

/** Days for which rows stay. Limits read those of the last three. */
export const keptDays: ValueKind<number> = wholeNumber(
  3,
  36_600,
  "must be a whole number of days from 3 to 36600",
);

const clock: ValueKind<number> = {
  read(text) {
    const [, hour, minute] = /^(\d?\d):(\d\d)$/.exec(text) ?? [];
    const minutes = Number(hour) * 60 + Number(minute);
    if (Number(hour) < 24 && Number(minute) < 60) return minutes;
    throw new WrongValue("must be a time of day such as 04:00, or on (04:00)");
  },
  schema: { type: "string", pattern: "^([01]?[0-9]|2[0-3]):[0-5][0-9]$" },
};
/** A time of day, in minutes after midnight. */
export const timeOfDay: ValueKind<number> = {
  read: (text) => (/^(on|true|yes)$/i.test(text) ? 240 : clock.read(text)),
  schema: { anyOf: [clock.schema, { enum: [true, "on"] }] },
};

export const keptBackups: ValueKind<number> = wholeNumber(
  1,
  1_000,
  "must be a whole number from 1 to 1000",
);

/** An amount that a limit allows. */
export const amount: ValueKind<number> = decimal({
  least: 0,
  most: 1e15,
  must: "must be a number from 0 to 1e15",
});

/** Tokens, requests or seconds, as MAX_TOKENS has them. */
export const wholeAmount: ValueKind<number> = wholeNumber(0, 1e12, "must be a whole number");

const inMinutes = decimal({
  least: 0,
  isAbove: true,
  most: 44_640,
  must: "must be minutes, above 0 and at most 44640 (31 days)",
});
/** Minutes; gives milliseconds. */
export const minutes: ValueKind<number> = {
  ...inMinutes,
  read: (text) => Math.round(inMinutes.read(text) * 60_000),
};

export const maxTokens: ValueKind<number> = wholeNumber(
  1,
  10_000_000,
  "must be a whole number from 1 to 10000000",
);

export const outsidePort: ValueKind<number> = wholeNumber(
  1,
  65_535,
  "must be a whole number from 1 to 65535",
);

export const weight: ValueKind<number> = decimal({
  least: 0,
  isAbove: true,
  most: 1_000,
  must: "must be a number above 0, at most 1000",
});

/** A name of our own for an upstream or a machine. */
export const plainName: ValueKind<string> = {
  read(text) {
    if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return text;
    throw new WrongValue("must be a name: 1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit first");
  },
  schema: { type: ["string", "number"], pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$" },
};

export const oneLine: ValueKind<string> = textKind((text) => {
  if (text.length <= 2_000 && !/\p{Cc}/u.test(text)) return text;
  throw new WrongValue("must be one line of at most 2000 characters");
});

/** Where a PostgreSQL database is, as its clients take it. No message repeats it. */
export const databaseUrl: ValueKind<string> = textKind((text) => {
  const url = URL.parse(text);
  const isPostgres = url?.protocol === "postgres:" || url?.protocol === "postgresql:";
  const hasHost = url !== null && (url.hostname !== "" || url.searchParams.has("host"));
  if (isPostgres && hasHost && url.pathname.length > 1) return text;
  throw new WrongValue("must be a URL such as postgres://user:password@host:5432/database");
});

/**
 * Where others reach a gateway, `host:port`; `auto` is null. An address that means every address is
 * none that others can reach.
 */
export const clusterAddress: ValueKind<{ readonly host: string; readonly port: number } | null> =
  orWord(
    textKind((text) => {
      const [, six, plain, port] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+)):(\d+)$/i.exec(text) ?? [];
      const host = six ?? plain ?? "";
      const isRight = six === undefined ? host !== "" : isIPv6(six);
      const isEvery = /^[0:.]+$/.test(host);
      if (isRight && !isEvery && Number(port) > 0 && Number(port) <= 65_535) {
        return Object.freeze({ host, port: Number(port) });
      }
      throw new WrongValue("must be the host:port where other gateways reach this one");
    }),
    "auto",
    null,
  );

/** A path as it was given. */
export const path: ValueKind<string> = textKind((text) => {
  if (/\p{Cc}/u.test(text)) throw new WrongValue("must be a path to a file");
  return text;
});

const authWord = choice(["passthrough", "key"]);
/** Whether the client's own Authorization is sent. */
export const passthrough: ValueKind<boolean> = {
  read: (text) => authWord.read(text) === "passthrough",
  schema: authWord.schema,
};

const trueWords: readonly string[] = ["true", "yes", "on", "1"];
const falseWords: readonly string[] = ["false", "no", "off", "0"];
export const yesOrNo: ValueKind<boolean> = {
  read(text) {
    const word = text.toLowerCase();
    if (trueWords.includes(word)) return true;
    if (falseWords.includes(word)) return false;
    throw new WrongValue("must be true or false");
  },
  schema: { enum: [true, false, ...trueWords, ...falseWords, 1, 0] },
};

const upstreamTypes = [
  "auto",
  "openai",
  "anthropic",
  "google",
  "ollama",
  "llamacpp",
  "vllm",
] as const;
/** The kind of server that an upstream is; `auto` is learnt from its answers. */
export const upstreamType: ValueKind<(typeof upstreamTypes)[number]> = choice(upstreamTypes);

const upstreamApis = ["auto", "chat", "responses", "messages"] as const;
/** The API of an upstream's conversations; `auto` is learnt from its answers. */
export const upstreamApi: ValueKind<(typeof upstreamApis)[number]> = choice(upstreamApis);
