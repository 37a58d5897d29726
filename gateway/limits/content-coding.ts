import type { IncomingHttpHeaders } from "node:http";
import type { Transform } from "node:stream";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from "node:zlib";

/** What is inflated comes in pieces of this size, each in a turn of its own. Bytes. */
const chunkSize = 64 * 1024;

/** A window of 8 MiB at most (RFC 9659): a small body could otherwise ask for 128 MiB of memory. */
const params = { [constants.ZSTD_d_windowLogMax]: 23 };

const inflaters: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip({ chunkSize }),
  "x-gzip": () => createGunzip({ chunkSize }),
  deflate: () => createInflate({ chunkSize }),
  br: () => createBrotliDecompress({ chunkSize }),
  zstd: () => createZstdDecompress({ chunkSize, params }),
};

/** The codings that are inflated, as `Accept-Encoding` names them. */
export const knownCodings = "gzip, br, zstd, deflate";

/**
 * How a body is compressed, in lower case (RFC 9110 §8.4.1); null where it is not. Two codings, one
 * over the other, are one text here, `gzip, br`: nobody sends them, and each multiplies the work.
 */
export function contentEncodingOf(headers: IncomingHttpHeaders): string | null {
  const told = headers["content-encoding"];
  if (told === undefined) return null;
  const names = told.toLowerCase().split(",");
  const codings = names.map((name) => name.trim()).filter((name) => !/^(identity)?$/.test(name));
  return codings.length === 0 ? null : codings.join(", ");
}

/** What inflates a coding; undefined for one that nobody here knows. */
export function inflaterOf(coding: string): Transform | undefined {
  return Object.hasOwn(inflaters, coding) ? inflaters[coding]?.() : undefined;
}
