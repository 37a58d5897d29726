import { setTimeout as sleep } from "node:timers/promises";
import type { QueueCalls } from "./queue-calls.ts";
import { queueLines } from "./queue-lines.ts";
import type { QueueView } from "./view.ts";

/** The terminal it is drawn on. */
export type Screen = {
  readonly isTTY: boolean;
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
};

export function processScreen(): Screen {
  const { stdout } = process;
  return {
    get isTTY() {
      return stdout.isTTY === true;
    },
    get columns() {
      return stdout.columns || 80;
    },
    get rows() {
      return stdout.rows || 24;
    },
    write: (text) => void stdout.write(text),
  };
}

/** A screen of its own, without a cursor; on leaving, what was there before is back. */
const enter = "\x1b[?1049h\x1b[?25l";
const leave = "\x1b[?25h\x1b[?1049l";
const toTop = "\x1b[H";
const clearRest = "\x1b[K";
const clearBelow = "\x1b[J";

const againMs = 1_000;

/**
 * Draws the line until `signal`: at each change, and each second, since times go on. A gateway that
 * goes away is looked for again. Throws where the first look fails.
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
        trouble = "the gateway has ended the connection; looking for it";
      } catch (error) {
        trouble = `${error instanceof Error ? error.message : "no answer"}; trying again`;
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

/** One whole picture, cut to the screen: a line that wraps would move all below it. */
function drawing(view: QueueView, trouble: string | null, { columns, rows }: Screen): string {
  const lines = queueLines(view, Date.now());
  const foot = trouble ?? "Ctrl-C leaves";
  const room = Math.max(1, rows - 2);
  const hidden = lines.length - room;
  const shown = hidden > 0 ? [...lines.slice(0, room - 1), `… and ${hidden + 1} more`] : lines;
  const all = [...shown, "", foot].map((line) => line.slice(0, columns) + clearRest);
  return toTop + all.join("\r\n") + clearBelow;
}
