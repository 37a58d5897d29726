import type { Watched } from "./gauges.ts";
import type { Notices } from "./notices.ts";

export type WatchOverOptions = {
  /** A wait that is told. Milliseconds. */
  longMs: number;
  /** Whether a backup is to be made each day. */
  hasBackups: boolean;
  now?: () => number;
};

/** How often the queue is looked at, at least, and the house. Milliseconds. */
const [queueEveryMs, houseEveryMs] = [30_000, 600_000];
/** So often costs nothing, whatever NOTIFY_AFTER is. Milliseconds. */
const leastEveryMs = 100;
/** A day, and the time that a backup may take on a slow disk after a stop. */
const backupIsMissedMs = 36 * 3_600_000;
const leastFree = 0.05;

/**
 * Looks now and then at what nobody reports: long waits, a disk that fills up, a backup that was not
 * made. Returns a function that ends it.
 */
export function watchOver(
  watched: Pick<Watched, "line" | "oldestWaits" | "disk" | "lastBackup">,
  options: WatchOverOptions,
  notices: Pick<Notices, "queue" | "disk" | "backup">,
): () => void {
  const queue = setInterval(
    queueLook(watched, options.longMs, notices),
    Math.min(queueEveryMs, Math.max(leastEveryMs, options.longMs / 4)),
  ).unref();
  const look = houseLook(watched, options, notices);
  const house = setInterval(look, houseEveryMs).unref();
  void look();
  return () => {
    clearInterval(queue);
    clearInterval(house);
  };
}

/** It is over when none waits half as long: one wait around the bound is not told each time. */
function queueLook(
  watched: Pick<Watched, "line" | "oldestWaits">,
  longMs: number,
  notices: Pick<Notices, "queue">,
): () => void {
  let isLong = false;
  return () => {
    // Who asks in the background has asked to wait.
    const waits = watched.oldestWaits();
    const oldestMs = waits === null ? 0 : Math.max(waits.normal, waits.raised);
    const isNowLong = oldestMs >= (isLong ? longMs / 2 : longMs);
    if (isNowLong === isLong) return;
    isLong = isNowLong;
    notices.queue(watched.line()?.waiting ?? 0, isLong ? oldestMs : null);
  };
}

function houseLook(
  watched: Pick<Watched, "disk" | "lastBackup">,
  { hasBackups, now = Date.now }: WatchOverOptions,
  notices: Pick<Notices, "disk" | "backup">,
): () => Promise<void> {
  const startedAt = now();
  return async () => {
    const disk = await watched.disk();
    if (disk !== null) notices.disk(disk.free, disk.size, disk.free < leastFree * disk.size);
    if (!hasBackups) return;
    // What was missed while the gateway did not run is no news: its start counts as one.
    const last = Math.max((await watched.lastBackup()) ?? 0, startedAt);
    if (now() - last > backupIsMissedMs) notices.backup("No backup was made since yesterday");
  };
}
