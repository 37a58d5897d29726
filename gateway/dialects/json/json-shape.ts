import { GatewayError } from "../../errors.ts";
import { skipString } from "./json-scan.ts";

/** Shapes that no client of an API has, and that cost a parser seconds and gigabytes. */
const most = { depth: 512, topLevelFields: 10_000, values: 8_000_000 };

/**
 * To convert a request, objects are made of each of its pieces several times over: so many take up
 * to a second, in which nobody else is served.
 */
export const mostConvertedValues = 200_000;

/** A smaller body cannot hold the loop for long, whatever its shape. Bytes. */
const harmless = 64 * 1024;

const open = new Set([0x7b, 0x5b]);
const close = new Set([0x7d, 0x5d]);
const quote = 0x22;
const comma = 0x2c;

/**
 * Refuses (400) a JSON text nested deeper, or made of more pieces, than any real request. One pass
 * over the bytes without parsing; strings are skipped, so that a prompt or an image costs next to
 * nothing.
 */
export function refuseHostileShape(bytes: Buffer, mostValues: number = most.values): void {
  if (bytes.length <= harmless) return;
  let depth = 0;
  let fields = 0;
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) {
      const end = skipString(bytes, at);
      if (end < 0) return;
      at = end - 1;
    } else if (byte === comma) {
      if (depth === 1 && ++fields > most.topLevelFields) refuse(`${most.topLevelFields} fields`);
      if (++values > mostValues) refuse(`${mostValues} values`);
    } else if (open.has(byte)) {
      if (++depth > most.depth) refuse(`${most.depth} levels`);
    } else if (close.has(byte)) depth--;
  }
}

function refuse(what: string): never {
  throw new GatewayError("invalid_request", `The request body has more than ${what}.`);
}
