import { isJsonObject, type JsonObject } from "../../json-object.ts";
import type { ImportedTotals } from "../../ledger/import-totals.ts";

const requestNames = ["requests", "requests_total", "total_requests", "request_count", "count"];
const inputNames = ["input", "input_tokens", "prompt_tokens", "total_input_tokens", "tokens_input"];
const outputNames = [
  "output",
  "output_tokens",
  "completion_tokens",
  "total_output_tokens",
  "tokens_output",
];

/**
 * The totals in data/metrics.json: one member for each user, at the top or under `users`, with
 * numbers. Users without a number are left out.
 * @throws Error with one line if there are no totals
 */
export function readOriginalTotals(document: unknown): ImportedTotals[] {
  if (!isJsonObject(document)) throw new Error("this file is not a JSON object");
  const byUser = isJsonObject(document.users) ? document.users : document;
  const rows = Object.entries(byUser).flatMap(([user, value]) => {
    if (!isJsonObject(value)) return [];
    const tokens = isJsonObject(value.tokens) ? value.tokens : {};
    const row = {
      user,
      requests: numberIn(value, requestNames),
      input: numberIn({ ...value, ...tokens }, inputNames),
      output: numberIn({ ...value, ...tokens }, outputNames),
    };
    return row.requests + row.input + row.output > 0 ? [row] : [];
  });
  if (rows.length === 0) throw new Error("this file holds no totals of users");
  return rows;
}

function numberIn(members: JsonObject, names: readonly string[]): number {
  const found = names.map((name) => members[name]).find((value) => typeof value === "number");
  return typeof found === "number" && found >= 0 && found <= 1e15 ? Math.round(found) : 0;
}
