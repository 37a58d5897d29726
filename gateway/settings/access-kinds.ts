import { isIP } from "node:net";
import type { z } from "zod";
import type { LimitsSection } from "./access-settings.ts";
import { deepFrozen } from "./deep-frozen.ts";
import { kind, WrongValue } from "./kind.ts";

export const yesOrNo: z.ZodType<boolean, string> = kind((text) => {
  const word = text.toLowerCase();
  if (["true", "yes", "on", "1"].includes(word)) return true;
  if (["false", "no", "off", "0"].includes(word)) return false;
  throw new WrongValue("must be true or false");
});

/** Separated by commas or blanks; `off` is none. */
function itemsOf(text: string): readonly string[] {
  return text.toLowerCase() === "off"
    ? Object.freeze([])
    : text.split(/[\s,]+/).filter((item) => item !== "");
}

/** Several values with commas or blanks between them; `off` is an empty list. */
export function listOf(must: string, isRight: (item: string) => boolean): Kind<readonly string[]> {
  return kind((text) => {
    const items = itemsOf(text);
    if (items.every(isRight)) return Object.freeze(items);
    throw new WrongValue(must);
  });
}

type Kind<Value> = z.ZodType<Value, string>;

export const networks: Kind<readonly string[]> = listOf(
  "must be addresses or networks like 10.0.0.0/8, with commas between them",
  (item) => {
    const [address = "", prefix, more] = item.split("/");
    const family = isIP(address);
    if (family === 0 || more !== undefined) return false;
    return (
      prefix === undefined ||
      (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128))
    );
  },
);

export const origins: Kind<readonly string[]> = kind((text) => {
  const items = itemsOf(text);
  if (items.includes("*") && items.length > 1) throw new WrongValue("must be * alone, or a list");
  if (items.every((item) => item === "*" || originOf(item) === item)) return Object.freeze(items);
  throw new WrongValue("must be *, or origins like https://chat.example.com (no path, no slash)");
});

function originOf(text: string): string | null {
  return URL.canParse(text) ? new URL(text).origin : null;
}

export const headerName: Kind<string> = kind((text) => {
  if (/^[A-Za-z0-9-]{1,64}$/.test(text)) return text.toLowerCase();
  throw new WrongValue("must be the name of a header");
});

export const claim: Kind<string> = kind((text) => {
  if (/^[\x21-\x7e]{1,128}$/.test(text)) return text;
  throw new WrongValue("must be the name of a claim");
});

/** JWKS over plain HTTP could be replaced on the way, and with it everyone's identity. */
export const jwksUrl: Kind<string> = kind((text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isHere = url !== null && /^(localhost|127\.|\[::1\])/.test(url.hostname);
  if (url?.protocol === "https:" || (isHere && url.protocol === "http:")) return url.href;
  throw new WrongValue("must be an https:// URL (http:// on this machine only)");
});

/** RFC 7518 section 3.2: a key of the hash's size at least. */
export const sharedSecret: Kind<string> = kind((text) => {
  if (text.length >= 32) return text;
  throw new WrongValue("must be at least 32 characters");
});

const asymmetric = /^(RS|PS|ES)(256|384|512)$|^(EdDSA|Ed25519)$/;
const symmetric = /^HS(256|384|512)$/;

export const algorithms: Kind<readonly string[]> = listOf(
  "must be from RS256 RS384 RS512 PS256 … ES256 … EdDSA HS256 HS384 HS512; never none",
  (item) => asymmetric.test(item) || symmetric.test(item),
);

/** `name`, `name.cloudflareaccess.com`, or that as a URL. */
export const accessTeam: Kind<string> = kind((text) => {
  const host = text.replace(/^https:\/\//, "").replace(/\/$/, "");
  // A test's own server stands on this machine.
  if (/^http:\/\/127\.0\.0\.1:\d+$/.test(text)) return text;
  const name = host.replace(/\.cloudflareaccess\.com$/, "");
  if (/^[a-z0-9-]{1,63}$/i.test(name)) return `https://${name}.cloudflareaccess.com`;
  throw new WrongValue("must be the team's name, or name.cloudflareaccess.com");
});

/** JSON: `{"defaults": {…}, "roles": {"admin": {…}}}`; in the config file simply a section. */
export const limitsSection: Kind<LimitsSection> = kind((text) => {
  if (text.toLowerCase() === "off") return deepFrozen({ defaults: {}, roles: {} });
  const value = parse(text);
  const known =
    isRecord(value) && Object.keys(value).every((key) => /^(defaults|roles)$/.test(key));
  if (!known) throw new WrongValue('must be {"defaults": {…}, "roles": {"admin": {…}}}');
  const { defaults = {}, roles = {} } = value;
  if (!isRecord(defaults)) throw new WrongValue("must have an object as defaults");
  const rolesAreRight = isRecord(roles) && Object.keys(roles).every((role) => isRole(role));
  const layers = rolesAreRight ? Object.entries(roles) : null;
  if (layers === null || !layers.every((layer) => isRecord(layer[1]))) {
    throw new WrongValue("must have limits of the roles user and admin as roles");
  }
  return deepFrozen({ defaults, roles: roles as LimitsSection["roles"] });
});

const isRole = (name: string): boolean => name === "user" || name === "admin";

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
