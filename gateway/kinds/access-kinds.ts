import { isIP } from "node:net";
import { type ValueKind, WrongValue } from "./kind.ts";
import { itemsOf, listOf, textKind } from "./words.ts";

export const networks: ValueKind<readonly string[]> = listOf(
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

export const origins: ValueKind<readonly string[]> = textKind((text) => {
  const items = itemsOf(text);
  if (items.includes("*") && items.length > 1) throw new WrongValue("must be * alone, or a list");
  if (items.every((item) => item === "*" || originOf(item) === item)) return items;
  throw new WrongValue("must be *, or origins like https://chat.example.com (no path, no slash)");
});

export const hostNames: ValueKind<readonly string[]> = textKind((text) => {
  const items = itemsOf(text).map((item) => item.toLowerCase());
  if (items.every((item) => item === "*" || /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(item)))
    return Object.freeze(items);
  throw new WrongValue("must be *, or names like llm.example.com (no http://, no port)");
});

function originOf(text: string): string | null {
  return URL.canParse(text) ? new URL(text).origin : null;
}

/** An address of the gateway, without a final slash. */
export const publicUrl: ValueKind<string> = textKind((text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && url.username === "" && url.search === "" && url.hash === "";
  if (isPlain && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, "");
  throw new WrongValue("must be an address like https://llm.example.com");
});

export const headerName: ValueKind<string> = textKind((text) => {
  if (/^[A-Za-z0-9-]{1,64}$/.test(text)) return text.toLowerCase();
  throw new WrongValue("must be the name of a header");
});

export const claim: ValueKind<string> = textKind((text) => {
  if (/^[\x21-\x7e]{1,128}$/.test(text)) return text;
  throw new WrongValue("must be the name of a claim");
});

/** JWKS over plain HTTP could be replaced on the way, and with it everyone's identity. */
export const jwksUrl: ValueKind<string> = textKind((text) => {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isHere = url !== null && /^(localhost|127\.|\[::1\])/.test(url.hostname);
  if (url?.protocol === "https:" || (isHere && url.protocol === "http:")) return url.href;
  throw new WrongValue("must be an https:// URL (http:// on this machine only)");
});

/** RFC 7518 section 3.2: a key of the hash's size at least. */
export const sharedSecret: ValueKind<string> = textKind((text) => {
  if (text.length >= 32) return text;
  throw new WrongValue("must be at least 32 characters; `openssl rand -hex 32` makes one");
});

const asymmetric = /^(RS|PS|ES)(256|384|512)$|^(EdDSA|Ed25519)$/;
const symmetric = /^HS(256|384|512)$/;

export const algorithms: ValueKind<readonly string[]> = listOf(
  "must be from RS256 RS384 RS512 PS256 … ES256 … EdDSA HS256 HS384 HS512; never none",
  (item) => asymmetric.test(item) || symmetric.test(item),
);

/** `name`, `name.cloudflareaccess.com`, or that as a URL. */
export const accessTeam: ValueKind<string> = textKind((text) => {
  const host = text.replace(/^https:\/\//, "").replace(/\/$/, "");
  // A test's own server stands on this machine.
  if (/^http:\/\/127\.0\.0\.1:\d+$/.test(text)) return text;
  const name = host.replace(/\.cloudflareaccess\.com$/, "");
  if (/^[a-z0-9-]{1,63}$/i.test(name)) return `https://${name}.cloudflareaccess.com`;
  throw new WrongValue("must be the team's name, or name.cloudflareaccess.com");
});
