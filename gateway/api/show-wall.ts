import type { ServerResponse } from "node:http";
import { GatewayError } from "../errors.ts";
import type { AllLines } from "../line/all-lines.ts";

export type ShowWallParts = {
  /** Whether the wall is on (WALL). */
  wall: boolean;
  lines: Pick<AllLines, "view" | "state" | "nextFreeSeconds">;
};

/**
 * `GET /wall.json`: free slots and the number of waiting requests, without names, for a screen on a
 * wall. `next_slot_seconds` is 0 if a slot is free, and null if unknown.
 */
export function showWall({ lines }: ShowWallParts, response: ServerResponse): void {
  const { waiting, active, usable } = lines.view();
  const free = lines.state() === "open" ? Math.max(0, usable - active) : 0;
  const next = free > 0 ? 0 : lines.nextFreeSeconds();
  response.setHeader("cache-control", "no-store");
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ object: "wall", free, waiting, next_slot_seconds: next }));
}

export const wallIsOff = (): GatewayError =>
  new GatewayError("not_found", "The wall is off. Set WALL=true to turn it on.");
