import { shownText } from "../../telemetry/shown-text.ts";
import type { QueueRow, QueueView } from "./view.ts";

/** So much of an id is shown; `queue remove` takes it. */
const idLength = 8;

const head = ["", "user", "model", "id", "for", "starts in"];

/** The line as a table: those who run, then those who wait in their order. */
export function queueLines(view: QueueView, now: number): string[] {
  const { state, active, capacity, usable = capacity, waiting, data } = view;
  const open = state === "open" ? "" : `, ${shownText(state)}`;
  const out = usable < capacity ? ` (${capacity - usable} out of service)` : "";
  const summary = `${active} of ${capacity} slots in use${out}, ${waiting} waiting${open}`;
  if (data.length === 0) return [summary];
  const rows = [head, ...data.map((row) => cells(row, now))];
  const widths = head.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) =>
        at === 0 || at > 3 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  return [summary, "", ...lines];
}

/** Names are what clients sent: nothing in them may move the cursor. */
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
