import type { ServerResponse } from "node:http";
import type { AllLines } from "../line/all-lines.ts";
import { fairnessWindowMs, jainOf, type UserFairness } from "../line/fairness-log.ts";
import { answerJson } from "./answer-json.ts";
import { refuseOthers } from "./change-users.ts";
import type { Viewer } from "./gateway-call.ts";

export type ShowFairnessParts = { lines: Pick<AllLines, "fairness" | "coverage"> };

/** `GET /fairness`, for administrators: who got how much of the slots, and who waited how long. */
export function showFairness(
  { lines }: ShowFairnessParts,
  viewer: Viewer,
  response: ServerResponse,
): void {
  refuseOthers(viewer, "see how users fare");
  const users = lines.fairness();
  const all = users.reduce((sum, { slotMs }) => sum + slotMs, 0);
  const { part, count, medianErrorMs } = lines.coverage();
  answerJson(response, viewer.exchange, {
    object: "fairness",
    window_seconds: fairnessWindowMs / 1000,
    jain: jainOf(users),
    users: users.map((one) => shown(one, all)),
    estimates: {
      coverage: part,
      count,
      median_error: medianErrorMs === null ? null : medianErrorMs / 1000,
    },
  });
}

function shown({ user, weight, slotMs, waitsMs, isBacklogged }: UserFairness, all: number): object {
  const sorted = waitsMs.toSorted((a, b) => a - b);
  const at = (part: number): number | null => {
    const ms = sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
    return ms === undefined ? null : Math.round(ms) / 1000;
  };
  return {
    user,
    weight,
    slot_seconds: Math.round(slotMs) / 1000,
    share: all === 0 ? 0 : slotMs / all,
    wait_p50_seconds: at(0.5),
    wait_p95_seconds: at(0.95),
    requests: waitsMs.length,
    waited_throughout: isBacklogged,
  };
}
