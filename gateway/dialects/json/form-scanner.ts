import { isUtf8 } from "node:buffer";

/** Of a part, so much is looked at: its head, and a model's name. Bytes. */
const maxPart = 4096;

/**
 * Looks for the `model` of a form (multipart/form-data, RFC 7578) in its bytes as they pass, and
 * holds next to none of them. Servers differ in what they make of an odd form, so none is guessed
 * at: `odd` is what not all would read alike, and a second model.
 */
export type FormScanner = {
  push(chunk: Buffer): void;
  readonly state: "reading" | "whole" | "odd";
  /** Null while none was read. */
  readonly model: string | null;
};

/** RFC 2046 §5.1.1: up to 70 of these, in quotes or, the most of them, without. */
const plainType =
  /^multipart\/form-data; *boundary=(?:"([\w'()+,./:=?-]{1,70})"|([\w'+.-]{1,70}))(?:; *charset=utf-8)?$/i;

function boundaryIn(contentType: string): string | null {
  const [, quoted, bare] = plainType.exec(contentType.trim()) ?? [];
  return quoted ?? bare ?? null;
}

/** Null where the type is no form's, or its boundary is not plainly told. */
export function createFormScanner(contentType: string): FormScanner | null {
  const boundary = boundaryIn(contentType);
  if (boundary === null) return null;
  const mark = Buffer.from(`--${boundary}`, "latin1");
  let state: FormScanner["state"] = "reading";
  let model: string | null = null;
  /** Not searched yet. Each boundary begins a line, so the first is given one to end. */
  let held: Buffer = Buffer.from("\r\n");
  /** The beginning of the part that has begun; null before the first. */
  let part: Buffer | null = null;

  /** Bytes of a part; only clients that nobody uses write anything before the first. */
  function keep(bytes: Buffer): void {
    if (part === null && bytes.length > 0) state = "odd";
    if (part === null || part.length >= maxPart) return;
    part = Buffer.concat([part, bytes.subarray(0, maxPart - part.length)]);
  }

  /** Up to the next boundary; false where that has not come. */
  function takesPart(): boolean {
    const at = held.indexOf(mark);
    const after = at + mark.length;
    if (at < 0 || held.length < after + 2) {
      // It may be cut anywhere, and is known by the line's end before it.
      const known = at < 0 ? held.length - mark.length - 1 : at - 2;
      if (known > 0) keep(held.subarray(0, known));
      if (known > 0) held = held.subarray(known);
      return false;
    }
    const next = held.toString("latin1", after, after + 2);
    const isPlain = at >= 2 && held.toString("latin1", at - 2, at) === "\r\n";
    if (!isPlain || (next !== "\r\n" && next !== "--")) state = "odd";
    else keep(held.subarray(0, at - 2));
    const named = part === null ? "" : modelIn(part);
    if (named === null || (named !== "" && model !== null)) state = "odd";
    if (state === "odd") return false;
    if (named !== "") model = named;
    if (next === "--") state = "whole";
    part = Buffer.alloc(0);
    held = held.subarray(after + 2);
    return state === "reading";
  }

  return {
    get state() {
      return state;
    },
    get model() {
      return model;
    },
    push(chunk) {
      if (state === "odd") return;
      held = Buffer.concat([held, chunk]);
      while (state === "reading" && takesPart());
      // Some servers read on behind the end.
      if (state === "whole" && held.some((byte) => byte !== 13 && byte !== 10)) state = "odd";
    },
  };
}

/** In this order and without escapes, which servers read in three ways. */
const disposition =
  /^content-disposition: *form-data; *name="([^"\\%\p{Cc}]*)"(; *filename="[^"\\\p{Cc}]*")?(?:; *filename\*=[^;"\s]+)?$/iu;
const others =
  /^content-(?:type: *[^\p{Cc}]+|length: *\d+|transfer-encoding: *(?:7bit|8bit|binary))$/iu;
const plainText = /^content-type: *text\/plain(?:; *charset="?utf-8"?)?$/i;

/** The model that a part names; "" for any other part, null for one that is odd. */
function modelIn(part: Buffer): string | null {
  const end = part.indexOf("\r\n\r\n");
  if (end < 0) return null;
  const lines = part.toString("latin1", 0, end).split("\r\n");
  const [named, ...twice] = lines.flatMap((line) => {
    const found = disposition.exec(line);
    return found === null ? [] : [found];
  });
  const rest = lines.filter((line) => !disposition.test(line));
  if (named === undefined || twice.length > 0 || !rest.every((line) => others.test(line))) {
    return null;
  }
  const [whole, name = ""] = named;
  const meant = name.trim().toLowerCase();
  // The one field that changes how all others are read.
  if (meant === "_charset_") return null;
  if (meant !== "model") return "";
  const isPlain = !/filename/i.test(whole) && rest.every((line) => plainText.test(line));
  const value = part.subarray(end + 4);
  const model = value.toString();
  const isName = part.length < maxPart && isUtf8(value) && /^[^\p{Cc}]+$/u.test(model);
  return name === "model" && isPlain && isName ? model : null;
}
