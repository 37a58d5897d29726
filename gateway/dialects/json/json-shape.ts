import { GatewayError } from "../../errors.ts";
import { skipString } from "./json-scan.ts";

type Bound =
  | ("depth" | "values" | "convertedValues" | "keys" | "topLevelFields")
  | ("keyBytes" | "stringBytes" | "numberBytes" | "jsonBytes");

/**
 * The most of each that the JSON of a request may have (docs/security.md shows this table). No
 * client of an API has more, and more costs a parser seconds and gigabytes.
 */
export const bodyBounds: Readonly<Record<Bound, number>> = {
  /** Lists and objects inside each other. */
  depth: 512,
  /** Numbers, texts, lists and objects in all. */
  values: 1_000_000,
  /** The same where the request is converted: objects are made of each several times over. */
  convertedValues: 200_000,
  /** Names of fields in all. */
  keys: 500_000,
  /** Fields of the request itself. */
  topLevelFields: 1_000,
  /** The name of a field. Bytes. */
  keyBytes: 65_536,
  /** One text. Bytes. */
  stringBytes: 64 * 1024 * 1024,
  /** One number: a parser takes seconds for one of megabytes. Bytes. */
  numberBytes: 1024,
  /** The whole JSON. Bytes. */
  jsonBytes: 256 * 1024 * 1024,
};

/** A smaller body cannot hold the loop for long, whatever its shape. Bytes. */
const harmless = 64 * 1024;

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Refuses (400) a JSON text that is nested deeper, or made of more pieces, than any real request.
 * One pass over the bytes without parsing. Texts are skipped, so that a prompt or an image costs
 * next to nothing. Every opening bracket counts as a value, and every comma too.
 */
export function refuseHostileShape(
  bytes: Buffer,
  mostValues: number = bodyBounds.values,
  most: Readonly<Record<Bound, number>> = bodyBounds,
): void {
  if (bytes.length <= harmless) return;
  if (bytes.length > most.jsonBytes) refuse(`${most.jsonBytes} bytes of JSON`);
  let depth = 0;
  let fields = 0;
  let keys = 0;
  let values = 0;
  /** The length of the text that was read last: before a colon it is a name. */
  let text = 0;
  /** The length of the number or word so far. */
  let bare = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    // Digits, `+ - .` and letters but for brackets: what numbers and words are made of.
    const isBare = (byte > comma && byte < colon) || (byte > 0x40 && (byte | 0x20) < openBrace);
    bare = isBare && byte !== openBracket && byte !== closeBracket ? bare + 1 : 0;
    if (bare > most.numberBytes) refuse(`${most.numberBytes} bytes in one number`);
    switch (byte) {
      case quote: {
        const end = skipString(bytes, at);
        if (end < 0) return;
        text = end - at;
        if (text > most.stringBytes) refuse(`${most.stringBytes} bytes in one text`);
        at = end - 1;
        break;
      }
      case colon:
        if (++keys > most.keys) refuse(`${most.keys} names of fields`);
        if (text > most.keyBytes) refuse(`${most.keyBytes} bytes in the name of a field`);
        break;
      case comma:
        if (depth === 1 && ++fields > most.topLevelFields) refuse(`${most.topLevelFields} fields`);
        if (++values > mostValues) refuse(`${mostValues} values`);
        break;
      case openBracket:
      case openBrace:
        if (++depth > most.depth) refuse(`${most.depth} levels`);
        if (++values > mostValues) refuse(`${mostValues} values`);
        break;
      case closeBracket:
      case closeBrace:
        depth--;
        break;
    }
  }
}

function refuse(what: string): never {
  throw new GatewayError("invalid_request", `The request body has more than ${what}.`);
}
