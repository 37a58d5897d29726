import { createHash, type Hash } from "node:crypto";
import { type DialectName, dialects } from "./all.ts";
import type { TurnFields } from "./dialect.ts";
import { type Field, openingBrace, topLevelFields } from "./json/json-scan.ts";

/** A text completion's prompt grows at its end; so much of its beginning names it. Bytes. */
const prefix = 256;

/** Of a value no more is read: it may be an image. Bytes. */
const most = 64 * 1024;

/** So many turns may come before the first of a user's. */
const maxTurns = 16;

const quote = 0x22;
const openBracket = 0x5b;
const closeBrace = 0x7d;
const comma = 0x2c;

/**
 * Names the conversation of a request: a hash of user, model, system prompt and first text of the
 * user. These bytes are the same in every turn, except for marks (`cache_control`) that clients
 * move, text that clients write bare or as a part, and Claude Code's billing line. Null if there is nothing to hash. It parses
 * nothing: about a millisecond for 3 MB. If the client names its session, that is the conversation.
 */
export function conversationKey(
  user: string,
  model: string | null,
  body: Buffer,
  dialect: DialectName,
  session: string | null = null,
): string | null {
  if (session !== null) {
    const named = createHash("sha256").update(JSON.stringify([user, model, session, "session"]));
    return named.digest("base64").slice(0, 24);
  }
  const hash = createHash("sha256").update(JSON.stringify([user, model, dialect]));
  const { conversation } = dialects[dialect].prompt;
  if (conversation === null) return null;
  const isNamed =
    typeof conversation === "string"
      ? addText(hash, body, conversation)
      : addTurns(hash, body, conversation);
  return isNamed ? hash.digest("base64").slice(0, 24) : null;
}

function addText(hash: Hash, body: Buffer, field: string): boolean {
  const prompt = topLevelFields(body).findLast(({ name }) => name === field);
  if (prompt === undefined || prompt.end - prompt.start < prefix) return false;
  hash.update(body.subarray(prompt.start, prompt.start + prefix));
  return true;
}

function addTurns(hash: Hash, body: Buffer, at: TurnFields): boolean {
  let turns: Field | null = null;
  for (const field of topLevelFields(body)) {
    if (field.name === at.turns) turns = field;
    else if (at.system.includes(field.name)) addContent(hash, body, field);
  }
  if (turns === null) return false;
  // The Responses API takes bare text for a turn of the user.
  if (body[turns.start] !== openBracket) return addContent(hash, body, turns);
  let from = turns.start;
  for (let count = 0; count < maxTurns; count++) {
    const turn = nextObject(body, from);
    if (turn === null) return false;
    const role = turn.fields.findLast(({ name }) => name === "role");
    const said = role === undefined ? "" : body.toString("latin1", role.start, role.end);
    hash.update(said);
    const content = turn.fields.findLast(({ name }) => name === at.parts);
    if (content !== undefined) addContent(hash, body, content);
    const isUser = said === '"user"' || (role === undefined && at.rolesOptional);
    if (isUser && content !== undefined) return true;
    from = turn.end;
  }
  return false;
}

/** Text, bare or in parts; of other parts all but their marks. */
function addContent(hash: Hash, body: Buffer, value: Field): boolean {
  if (body[value.start] === quote) {
    add(hash, body, value);
    return true;
  }
  const isList = body[value.start] === openBracket;
  for (let from = value.start; ; ) {
    const part = isList ? nextObject(body, from) : objectAt(body, from);
    if (part === null || part.end > value.end) break;
    addPart(hash, body, part.fields);
    if (!isList) break;
    from = part.end;
  }
  return true;
}

function addPart(hash: Hash, body: Buffer, fields: readonly Field[]): void {
  const text = fields.findLast(({ name }) => name === "text");
  if (text !== undefined) {
    if (!isBilling(body, text)) add(hash, body, text);
    return;
  }
  for (const field of fields) {
    if (field.name !== "cache_control") add(hash, body, field);
  }
}

/** Claude Code's first line, other in each request; llama.cpp leaves it out of the prompt too. */
const billingHead = '"x-anthropic-billing-header:';

function isBilling(body: Buffer, { start }: Field): boolean {
  return body.toString("latin1", start, start + billingHead.length) === billingHead;
}

function add(hash: Hash, body: Buffer, { start, end }: Pick<Field, "start" | "end">): void {
  hash.update(`${end - start}:`).update(body.subarray(start, Math.min(end, start + most)));
}

type Found = { fields: Field[]; end: number };

/** The object that comes next in a list: after `[` or after the end of the one before. */
function nextObject(body: Buffer, from: number): Found | null {
  const mark = skipSpace(body, from);
  if (body[mark] !== openBracket && body[mark] !== comma) return null;
  return objectAt(body, mark + 1);
}

function objectAt(body: Buffer, from: number): Found | null {
  const open = openingBrace(body, from);
  if (open < 0) return null;
  const fields = topLevelFields(body, open);
  const close = skipSpace(body, fields.at(-1)?.end ?? open + 1);
  return body[close] === closeBrace ? { fields, end: close + 1 } : null;
}

function skipSpace(body: Buffer, from: number): number {
  let at = from;
  for (let byte = body[at]; byte === 0x20 || (byte !== undefined && byte >= 9 && byte <= 13); ) {
    at += 1;
    byte = body[at];
  }
  return at;
}
