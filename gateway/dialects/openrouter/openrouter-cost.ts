import { applyEdits, type Edit } from "../json/json-edit.ts";
import { isEmptyObject, openingBrace, type Range, topLevelFields } from "../json/json-scan.ts";
import { plainDecimal } from "./openrouter-price.ts";

/** What a generation cost, in US dollars. */
export type AnswerCost = Readonly<{
  total: number;
  /** What of it the prompt cost, and what the answer; null where that is not known. */
  parts: Readonly<{ prompt: number; completion: number }> | null;
}>;

/** The fields that OpenRouter adds to `usage`, as JSON texts. */
function costFields({ total, parts }: AnswerCost): [name: string, value: string][] {
  const fields: [string, string][] = [
    ["cost", plainDecimal(total)],
    ["is_byok", "false"],
  ];
  if (parts !== null) {
    const prompt = `"upstream_inference_prompt_cost":${plainDecimal(parts.prompt)}`;
    const completion = `"upstream_inference_completions_cost":${plainDecimal(parts.completion)}`;
    fields.push(["cost_details", `{"upstream_inference_cost":null,${prompt},${completion}}`]);
  }
  return fields;
}

/**
 * Fields put first into the object that opens at `open`; those it has are replaced where they
 * stand.
 */
function editsFor(
  bytes: Buffer,
  open: number,
  wanted: readonly (readonly [name: string, value: string])[],
): Edit[] {
  const there = topLevelFields(bytes, open);
  const missing = wanted.filter(([name]) => !there.some((field) => field.name === name));
  const text = missing.map(([name, value]) => `"${name}":${value}`).join(",");
  const comma = isEmptyObject(bytes, open) || text === "" ? "" : ",";
  const added = { start: open + 1, end: open + 1, text: text + comma };
  const replaced = there.flatMap(({ name, start, end }) => {
    const found = wanted.find((one) => one[0] === name);
    return found === undefined ? [] : [{ start, end, text: found[1] }];
  });
  return text === "" ? replaced : [added, ...replaced];
}

/** Where `usage` is an object; null where there is none. */
function usageIn(bytes: Buffer, from: number): Range | null {
  const found = topLevelFields(bytes, from).findLast(({ name }) => name === "usage");
  return found !== undefined && openingBrace(bytes, found.start) === found.start ? found : null;
}

/**
 * The JSON answer of a chat or a text completion as OpenRouter gives it: its cost in `usage`, and
 * `system_fingerprint`, which its clients insist on, null where the upstream has none. Every other
 * byte stays. A null cost is not told.
 */
export function answerWithCost(body: Buffer, cost: AnswerCost | null): Buffer {
  const open = openingBrace(body);
  if (open < 0) return body;
  const hasPrint = topLevelFields(body).some(({ name }) => name === "system_fingerprint");
  const edits = hasPrint ? [] : editsFor(body, open, [["system_fingerprint", "null"]]);
  const usage = cost === null ? null : usageIn(body, open);
  if (cost !== null && usage !== null) {
    edits.push(...editsFor(body, usage.start, costFields(cost)));
  }
  return applyEdits(body, edits);
}

/** The same for the one event of a stream that carries usage; latin1 text, one character a byte. */
export function eventWithCost(event: string, cost: AnswerCost): string {
  // Nearly all events end here.
  if (!event.includes('"usage"')) return event;
  const brace = event.indexOf("{", event.startsWith("data:") ? 5 : event.indexOf("\ndata:"));
  if (brace < 0) return event;
  const bytes = Buffer.from(event, "latin1");
  const usage = usageIn(bytes, brace);
  if (usage === null) return event;
  return applyEdits(bytes, editsFor(bytes, usage.start, costFields(cost))).toString("latin1");
}
