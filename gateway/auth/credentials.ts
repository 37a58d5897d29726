import type { IncomingHttpHeaders } from "node:http";

/** The credentials of a request, in the order in which they are tried. */
export type Credentials = {
  readonly keys: readonly string[];
  /** Why the Authorization header named no key, or null. */
  readonly fault: string | null;
};

const NONE: readonly string[] = [];

/**
 * Reads the keys in a request's headers: `Authorization: Bearer`, then `x-api-key` (Anthropic's
 * clients), then `x-goog-api-key` (Gemini's).
 */
export function credentialsOf(headers: IncomingHttpHeaders): Credentials {
  const { authorization } = headers;
  const bearer = authorization === undefined ? null : bearerOf(authorization);
  const first = bearer === "" ? null : bearer;
  const apiKey = textOf(headers["x-api-key"]);
  const googKey = textOf(headers["x-goog-api-key"]);
  return {
    keys: apiKey === null && googKey === null ? oneOf(first) : listOf(first, apiKey, googKey),
    fault: first === null && authorization !== undefined ? faultOf(bearer) : null,
  };
}

/** The token of a Bearer header, `""` where it has none, null where the scheme is another. */
function bearerOf(header: string): string | null {
  const isBearer = header.startsWith("Bearer ") || /^bearer(?:[ \t]|$)/i.test(header.slice(0, 7));
  return isBearer ? header.slice(7).trim() : null;
}

function faultOf(bearer: string | null): string {
  return bearer === null
    ? "The Authorization header must be: Bearer <key>."
    : "The Authorization header has no key after Bearer.";
}

function textOf(header: string | string[] | undefined): string | null {
  return typeof header === "string" && header !== "" ? header : null;
}

const oneOf = (key: string | null): readonly string[] => (key === null ? NONE : [key]);

function listOf(...keys: (string | null)[]): readonly string[] {
  const found = keys.filter((key) => key !== null);
  return found.length === 0 ? NONE : [...new Set(found)];
}

/** True if a credential has the form of a JWT: three parts separated by dots. */
export function looksLikeJwt(text: string): boolean {
  const first = text.indexOf(".");
  const second = text.indexOf(".", first + 1);
  return first > 0 && second > first + 1 && !text.includes(".", second + 1);
}
