import { z } from "zod";

/**
 * The base of an upstream as people write it: with or without a final `/v1`, a slash, a path
 * before it. Gives origin and prefix, without `/v1` and without a slash at the end.
 * Throws an Error with a rule ("must …") that repeats nothing of the text: it may hold a password.
 */
export function normaliseUpstreamUrl(written: string): string {
  if (!/^https?:\/\//i.test(written)) throw new Error("must begin with http:// or https://");
  if (!URL.canParse(written) || /\s/.test(written)) throw new Error("must be a URL");
  const url = new URL(written);
  if (url.username !== "" || url.password !== "") {
    throw new Error("must hold no user name or password (a key goes into UPSTREAM_API_KEY)");
  }
  // Also a lone "?" or "#", which the parsed URL shows no trace of.
  if (/[?#]/.test(written)) throw new Error("must hold no query and no fragment");
  const prefix = url.pathname.replace(/\/+$/, "").replace(/\/v1$/, "").replace(/\/+$/, "");
  return url.origin + prefix;
}

/** The schema of an upstream's URL. */
export function upstreamUrl(): z.ZodType<string> {
  return z.string("must be a URL").transform((written, context) => {
    try {
      return normaliseUpstreamUrl(written);
    } catch (error) {
      const message = error instanceof Error ? error.message : "must be a URL";
      context.addIssue({ code: "custom", message });
      return z.NEVER;
    }
  });
}
