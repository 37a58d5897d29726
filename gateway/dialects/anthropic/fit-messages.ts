import { createHash } from "node:crypto";
import { applyEdits, type Edit } from "../json/json-edit.ts";
import { fieldOf, itemsOfList, type JsonItem, plainText } from "../json/json-items.ts";
import { findTopLevel } from "../json/json-scan.ts";
import type { FittedBody } from "../late-system.ts";

/** What Anthropic takes as the id of a call. */
const fitId = /^[a-zA-Z0-9_-]{1,64}$/;

/** OpenAI's sealed thoughts begin so. Anthropic's proofs are base64. */
const foreignProof = /^gAAAA|[^A-Za-z0-9+/=_-]/;

/** In place of a turn that had nothing but thoughts of another model. */
const emptied = '[{"type":"text","text":"(no text)"}]';

/** The same for one id, wherever it stands, and for no other. */
function fittedId(id: string): string {
  const plain = id.replace(/[^a-zA-Z0-9_-]/g, "_").slice(0, 50);
  return `${plain}_${createHash("sha256").update(id).digest("hex").slice(0, 8)}`;
}

function isForeign(body: Buffer, block: JsonItem): boolean {
  const signature = plainText(body, fieldOf(block, "signature")) ?? "";
  return signature === "" || foreignProof.test(signature);
}

type Found = {
  edits: Edit[];
  changed: string[];
  lacksThought: boolean;
  /** Every thought goes, with a proof too. */
  readonly dropsThoughts: boolean;
};

/** The edits of one turn's blocks. A block that goes takes the comma behind or before it along. */
function fitBlocks(body: Buffer, list: { start: number; end: number }, at: string, found: Found) {
  const blocks = [...itemsOfList(body, list)];
  const gone = new Set<JsonItem>();
  blocks.forEach((block, index) => {
    const type = plainText(body, fieldOf(block, "type"));
    const name = type === "tool_use" ? "id" : type === "tool_result" ? "tool_use_id" : null;
    if (name !== null) fitBlockId(body, block, `${at}[${index}].${name}`, name, found);
    const isThought = type === "thinking" || (found.dropsThoughts && type === "redacted_thinking");
    if (!isThought || !(found.dropsThoughts || isForeign(body, block))) return;
    gone.add(block);
    found.changed.push(`${at}[${index}]`);
  });
  if (gone.size === 0) return;
  found.lacksThought = true;
  if (gone.size === blocks.length) {
    found.edits.push({ ...list, text: emptied });
    return;
  }
  const firstKept = blocks.findIndex((block) => !gone.has(block));
  blocks.forEach((block, index) => {
    if (!gone.has(block)) return;
    const next = blocks[index + 1];
    const before = blocks[index - 1];
    // Before the first block that stays, the comma behind goes; after it, the one before.
    if (index < firstKept)
      found.edits.push({ start: block.start, end: next?.start ?? 0, text: "" });
    else found.edits.push({ start: before?.end ?? 0, end: block.end, text: "" });
  });
}

function fitBlockId(body: Buffer, block: JsonItem, path: string, name: string, found: Found): void {
  const field = fieldOf(block, name);
  const id = plainText(body, field);
  if (field === undefined || id === null || fitId.test(id)) return;
  found.edits.push({ start: field.start, end: field.end, text: JSON.stringify(fittedId(id)) });
  found.changed.push(path);
}

function inOrder(edits: readonly Edit[]): Edit[] {
  return edits.toSorted((one, other) => one.start - other.start);
}

/** With a budget, Anthropic wants the thought of a turn in which tools were called. */
function fitThinking(body: Buffer, found: Found): void {
  const thinking = findTopLevel(body, "thinking").at(-1);
  if (thinking === undefined || !found.lacksThought) return;
  if (!body.toString("latin1", thinking.start, thinking.end).includes('"enabled"')) return;
  const { start, end } = thinking;
  found.edits.push({ start, end, text: '{"type":"disabled"}' });
  found.changed.push("thinking");
}

/**
 * A Messages body that Anthropic takes although another model wrote a part of its conversation: ids of
 * calls that it allows, no thought without its proof. Edited in place; all else keeps its bytes.
 */
export function fitMessages(body: Buffer, dropsThoughts = false): FittedBody {
  const found: Found = { edits: [], changed: [], lacksThought: false, dropsThoughts };
  const messages = findTopLevel(body, "messages").at(-1);
  if (messages === undefined || (!body.includes("tool_") && !body.includes("thinking"))) {
    return { body, changed: [] };
  }
  let index = -1;
  for (const message of itemsOfList(body, messages)) {
    index += 1;
    const content = fieldOf(message, "content");
    if (content === undefined) continue;
    // What counts is the turn that goes on: thoughts of earlier ones are not asked for.
    if (isQuestion(body, message)) found.lacksThought = false;
    fitBlocks(body, content, `messages[${index}].content`, found);
  }
  fitThinking(body, found);
  return { body: applyEdits(body, inOrder(found.edits)), changed: found.changed };
}

/** True for a turn of the user that asks something new, and does not only bring results. */
function isQuestion(body: Buffer, message: JsonItem): boolean {
  if (plainText(body, fieldOf(message, "role")) !== "user") return false;
  const content = fieldOf(message, "content");
  return (
    content !== undefined && !body.subarray(content.start, content.end).includes('"tool_result"')
  );
}
