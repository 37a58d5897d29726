import type { IncomingHttpHeaders } from "node:http";
import type { Transform } from "node:stream";
import { GatewayError } from "../errors.ts";
import { contentEncodingOf, inflaterOf } from "../limits/content-coding.ts";

/**
 * What inflates an answer; null for one that is not compressed. Upstreams are asked for `identity`,
 * but some, or proxies before them, compress all the same. Throws `upstream_error` for a coding that
 * nobody here knows.
 */
export function inflaterFor(headers: IncomingHttpHeaders): Transform | null {
  const encoding = contentEncodingOf(headers);
  if (encoding === null) return null;
  const inflater = inflaterOf(encoding);
  if (inflater !== undefined) return inflater;
  const text = `The upstream's answer is compressed in an unknown way (${encoding.slice(0, 40)}).`;
  throw new GatewayError("upstream_error", text);
}

/** The headers of an answer that was inflated. */
export function inflatedHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { "content-encoding": _encoding, "content-length": _length, ...rest } = headers;
  return rest;
}

/** The error for bytes that are not compressed as their header says. */
export const notInflatable = (cause: unknown): GatewayError =>
  new GatewayError("upstream_error", "The upstream's answer is not compressed as it says.", {
    cause,
  });
