import type { ServerResponse } from "node:http";
import type { ChangeLog } from "../ledger/upkeep/change-log.ts";
import type { ChangeStore } from "../ledger/upkeep/change-store.ts";
import { answerJson } from "./answer-json.ts";
import { refuseOthers } from "./change-users.ts";
import type { Viewer } from "./gateway-call.ts";
import { limitFrom, wrongCursor } from "./past-requests.ts";

export type ShowChangesParts = {
  changes: Pick<ChangeLog, "settled">;
  ledger: { readonly changes: Pick<ChangeStore, "page"> };
};

/** `GET /changes`, for administrators: who changed what, the newest first, in pages. */
export async function showChanges(
  { changes, ledger }: ShowChangesParts,
  viewer: Viewer,
  response: ServerResponse,
): Promise<void> {
  refuseOthers(viewer, "see what was changed");
  const asked = new URLSearchParams(viewer.exchange.query);
  const limit = limitFrom(asked.get("limit") ?? "50");
  const cursor = asked.get("cursor") ?? "";
  if (!/^\d{0,15}$/.test(cursor)) throw wrongCursor();
  // What was done before is in the list.
  await changes.settled();
  const before = cursor === "" ? null : Number(cursor);
  const { lines, next } = await ledger.changes.page({ limit, before });
  answerJson(response, viewer.exchange, {
    object: "list",
    data: lines,
    next_cursor: next === null ? null : String(next),
  });
}
