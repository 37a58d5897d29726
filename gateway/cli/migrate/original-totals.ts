import { isMembers, type Members } from "../doctor/members.ts";

/** What one user had used under the Python original. */
export type OriginalTotals = { user: string; requests: number; input: number; output: number };

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
 * The totals in data/metrics.json: users as members, at the top or under `users`, each with
 * numbers. Users without any number are left out.
 * @throws Error with one line where no total is found
 */
export function readOriginalTotals(document: unknown): OriginalTotals[] {
  if (!isMembers(document)) throw new Error("it is not a JSON object");
  const byUser = isMembers(document.users) ? document.users : document;
  const rows = Object.entries(byUser).flatMap(([user, value]) => {
    if (!isMembers(value)) return [];
    const tokens = isMembers(value.tokens) ? value.tokens : {};
    const row = {
      user,
      requests: numberIn(value, requestNames),
      input: numberIn({ ...value, ...tokens }, inputNames),
      output: numberIn({ ...value, ...tokens }, outputNames),
    };
    return row.requests + row.input + row.output > 0 ? [row] : [];
  });
  if (rows.length === 0) throw new Error("there are no totals by user in it");
  return rows;
}

function numberIn(members: Members, names: readonly string[]): number {
  const found = names.map((name) => members[name]).find((value) => typeof value === "number");
  return typeof found === "number" && found >= 0 && found <= 1e15 ? Math.round(found) : 0;
}
