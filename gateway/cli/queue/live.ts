import { setTimeout as sleep } from "node:timers/promises";
import type { Screen } from "../frame/surroundings.ts";
import type { QueueCalls } from "./queue-calls.ts";
import { queueLines } from "./queue-lines.ts";
import type { QueueView } from "./view.ts";

/** The alternate screen without a cursor; leaving it brings back what was there before. */
const enter = "\x1b[?1049h\x1b[?25l";
const leave = "\x1b[?25h\x1b[?1049l";
const toTop = "\x1b[H";
const clearRest = "\x1b[K";
const clearBelow = "\x1b[J";

const againMs = 1_000;

/**
 * Draws the queue until `signal`: at each change, and every second, since the times grow. If the
 * gateway goes away, it tries again. Rejects if the first answer fails.
 */
export async function showLive(
  calls: QueueCalls,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  let view = await calls.show();
  let trouble: string | null = null;
  const draw = (): void => screen.write(drawing(view, trouble, screen));
  screen.write(enter);
  const timer = setInterval(draw, 1_000);
  try {
    draw();
    while (!signal.aborted) {
      try {
        await calls.follow((next) => {
          view = next;
          trouble = null;
          draw();
        }, signal);
        trouble = "The gateway closed the connection; trying again.";
      } catch (error) {
        trouble = `${error instanceof Error ? error.message : String(error)}; trying again`;
      }
      if (signal.aborted) break;
      draw();
      await sleep(againMs, undefined, { signal }).catch(() => {});
    }
  } finally {
    clearInterval(timer);
    screen.write(leave);
  }
}

/** The whole screen. Lines are cut: one that wraps would move all lines below it. */
function drawing(view: QueueView, trouble: string | null, { columns, rows }: Screen): string {
  const lines = queueLines(view, Date.now());
  const foot = trouble ?? "Ctrl-C ends this view";
  const room = Math.max(1, rows - 2);
  const hidden = lines.length - room;
  const shown = hidden > 0 ? [...lines.slice(0, room - 1), `… and ${hidden + 1} more`] : lines;
  const all = [...shown, "", foot].map((line) => line.slice(0, columns) + clearRest);
  return toTop + all.join("\r\n") + clearBelow;
}
