import { jsonOrNull } from "../json-object.ts";
import { errorFields, isErrorBody } from "./error-body.ts";
import { type Field, holdsText, topLevelFields } from "./json/json-scan.ts";
import { withKeyMasked } from "./masked-key.ts";
import { errorInAnswer } from "./stream-error.ts";

/** An error is no longer than this. Bytes. */
export const longestError: number = 64 * 1024;

/** What of an answer decides whether it is an error: other fields are not parsed. */
const deciding: ReadonlySet<string> = new Set(errorFields);

/**
 * Throws if a whole JSON answer is an error, though its status is 200: as the error that it names.
 *
 * @param fields - its top-level ones
 * @param secret - our key at the upstream, which an error may quote; null for none
 */
export function refuseError(body: Buffer, fields: readonly Field[], secret: string | null): void {
  const found = fields.length > 0 ? headOf(body, fields) : shortList(body);
  if (!isErrorBody(found)) return;
  const masked = secret === null ? body : masking(body, secret);
  throw errorInAnswer(masked.subarray(0, longestError * 2));
}

/** Gemini writes an error as a list. */
const shortList = (body: Buffer): unknown =>
  body.length <= longestError ? jsonOrNull(body.toString()) : null;

const errorName = Buffer.from('"error"');

/** The fields that decide, parsed; of the others only whether they are null. */
function headOf(body: Buffer, fields: readonly Field[]): Record<string, unknown> {
  const head: Record<string, unknown> = {};
  for (const { name, start, end } of fields) {
    const decides =
      deciding.has(name) || (name === "choices" && holdsText(body, errorName, start, end));
    if (decides && end - start <= longestError) {
      head[name] = jsonOrNull(body.toString("utf8", start, end));
    } else head[name] = body[start] === firstOfNull ? null : true;
  }
  return head;
}

/** Of the values of JSON only `null` begins with an n. */
const firstOfNull = 0x6e;

/** The same of an answer that passes unread, if it is a JSON object at all. */
export function refuseShortError(body: Buffer, secret: string | null): void {
  const fields = topLevelFields(body);
  if (fields.length > 0) refuseError(body, fields, secret);
}

const masking = (body: Buffer, secret: string): Buffer =>
  Buffer.from(withKeyMasked(body.toString("latin1"), secret), "latin1");
