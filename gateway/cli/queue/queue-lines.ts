import { shownText } from "../../telemetry/shown-text.ts";
import { tableLines } from "../frame/table.ts";
import type { QueueRow, QueueView } from "./view.ts";

/** How many characters of an id are shown; `queue remove` accepts them. */
const idLength = 8;

const head = ["place", "user", "model", "id", "for", "starts in"];

/** The queue as a table: the running requests, then the waiting ones in their order. */
export function queueLines(view: QueueView, now: number): string[] {
  const { state, active, capacity, usable = capacity, waiting, data } = view;
  const open = state === "open" ? "" : `, ${shownText(state)}`;
  const out = usable < capacity ? ` (${capacity - usable} out of service)` : "";
  const summary = `${active} of ${capacity} slots in use${out}, ${waiting} waiting${open}`;
  if (data.length === 0) return [summary];
  const rows = [head, ...data.map((row) => cells(row, now))];
  return [summary, "", ...tableLines(rows, (column) => column === 0 || column > 3)];
}

/** Clients choose these names: nothing in them may move the cursor. */
function cells(row: QueueRow, now: number): string[] {
  const isRunning = row.state === "running";
  return [
    isRunning ? "runs" : `#${row.position}`,
    shownText(row.user, 30),
    shownText(row.model === "" ? "-" : row.model, 40),
    shownText(row.id.slice(0, idLength)),
    duration((now - Date.parse(row.since)) / 1000),
    isRunning ? "" : row.eta_seconds === null ? "?" : `~ ${duration(row.eta_seconds)}`,
  ];
}

/** `12 s`, `3 min 05 s`, `1 h 02 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (!Number.isFinite(whole)) return "?";
  const two = (part: number): string => String(part).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}
