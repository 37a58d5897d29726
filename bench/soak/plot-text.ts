const bars = [..."▁▂▃▄▅▆▇█"] as const;

/**
 * A line of bars for one series, at most `width` wide: each bar is the mean of its part. The lowest
 * bar is 0, the highest the greatest value.
 */
export function barsOf(values: readonly number[], width: number): string {
  const most = Math.max(...values, 1e-9);
  const count = Math.min(width, values.length);
  return Array.from({ length: count }, (_, at) => {
    const part = values.slice(
      Math.floor((at * values.length) / count),
      Math.max(
        Math.floor(((at + 1) * values.length) / count),
        Math.floor((at * values.length) / count) + 1,
      ),
    );
    const mean = part.reduce((sum, value) => sum + value, 0) / part.length;
    return bars[Math.min(bars.length - 1, Math.floor((mean / most) * bars.length))] ?? "";
  }).join("");
}

/** A plot of several series, a line each, with the least and the greatest value. */
export function plotText(series: Readonly<Record<string, readonly number[]>>, width = 60): string {
  const names = Object.keys(series);
  const widest = Math.max(...names.map((name) => name.length));
  return names
    .map((name) => {
      const values = series[name] ?? [];
      const range = `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}`;
      return `${name.padEnd(widest)}  ${barsOf(values, width)}  ${range}`;
    })
    .join("\n");
}
