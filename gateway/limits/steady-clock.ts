/**
 * Milliseconds that never go back, whatever the machine's clock does: when it is set back by an
 * hour, time goes on from the latest instant seen. So a window neither forgets what was used nor
 * holds it for that hour longer.
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
