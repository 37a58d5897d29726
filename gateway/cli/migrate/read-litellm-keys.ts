import { isJsonObject } from "../../json-object.ts";
import { digestOf, hintOf, keyFault } from "../../users/key.ts";
import { type ForeignKey, textsIn, userNameOf } from "./foreign.ts";

/**
 * LiteLLM's keys: what `GET /key/list?return_full_object=true` answers, or rows of its table
 * `LiteLLM_VerificationToken` as JSON. It keeps keys as SHA-256 in hex, as we do. `left` gets a
 * line for what is not taken over.
 */
export function readLiteLlmKeys(document: unknown, left: string[]): ForeignKey[] {
  const list = isJsonObject(document) ? (document.keys ?? document.data ?? []) : document;
  const rows = Array.isArray(list) ? list : [];
  if (rows.some((row) => typeof row === "string")) {
    left.push("keys without names: get /key/list with return_full_object=true");
  }
  if (isJsonObject(document) && Number(document.total_pages) > 1) {
    const { current_page: page, total_pages: pages } = document;
    left.push(`the other pages: this is page ${page} of ${pages}`);
  }
  return rows.flatMap((row: unknown): ForeignKey[] => {
    if (!isJsonObject(row) || typeof row.token !== "string") return [];
    const { token } = row;
    const isHashed = /^[0-9a-f]{64}$/.test(token);
    if (!isHashed && keyFault(token) !== null) return [];
    const user = userNameOf(row.key_alias ?? row.user_id ?? row.key_name);
    const models = textsIn(row.models);
    const why = refusalOf(row, models);
    if (why !== null) {
      left.push(`key of ${user}: ${why}`);
      return [];
    }
    const own = models.filter((model) => !model.startsWith("all-"));
    return [
      {
        digest: isHashed ? token : digestOf(token),
        user,
        hint: isHashed ? "sk-" : hintOf(token),
        expires: typeof row.expires === "string" ? new Date(row.expires).toISOString() : null,
        models: own.length > 0 ? own : null,
      },
    ];
  });
}

/**
 * Why a key is not taken over; null if it is. A key that was useless there must not open all here.
 */
function refusalOf(row: Record<string, unknown>, models: readonly string[]): string | null {
  if (row.blocked === true) return "it is blocked";
  if (models.includes("no-default-models")) return "it may not use any model";
  const { expires } = row;
  if (typeof expires === "string" && Number.isNaN(Date.parse(expires)))
    return "its expiry date cannot be read";
  return null;
}
