/**
 * A clock that never goes back. If the machine's clock is set back by an hour, this clock continues
 * from the latest time. So a window neither forgets what was used nor keeps it for an hour longer.
 */
export function createSteadyClock(): (now: number) => number {
  let latest = Number.NEGATIVE_INFINITY;
  let offset = 0;
  return (now) => {
    if (now + offset < latest) offset = latest - now;
    latest = now + offset;
    return latest;
  };
}
