/** How an export of the SDK ended. */
type ExportEnd = { code: number; error?: Error };

/** An exporter of the SDK, of spans or of metrics. */
type Exporter<Items> = { export(items: Items, done: (result: ExportEnd) => void): void };

/** Tells once that the collector fails, and once that it works again. */
export type CollectorWatch = {
  /** Sees how each export of this signal ends. Returns the same exporter. */
  watch<Items, Of extends Exporter<Items>>(signal: "traces" | "metrics", exporter: Of): Of;
};

/**
 * @param onCollector - null: it takes everything again. A dead collector fails both signals for one
 * reason, and is told once
 */
export function createCollectorWatch(
  onCollector: (trouble: string | null) => void,
): CollectorWatch {
  const failing = new Map<string, string>();

  function ended(signal: string, { code, error }: ExportEnd): void {
    if (code === 0) {
      if (failing.delete(signal) && failing.size === 0) onCollector(null);
      return;
    }
    const isFirst = !failing.has(signal);
    const reason = error === undefined ? "it failed" : reasonOf(error);
    const isNews = isFirst && ![...failing.values()].includes(reason);
    failing.set(signal, reason);
    if (isNews) onCollector(`${signal}: ${reason}`);
  }

  return {
    watch(signal, exporter) {
      const send = exporter.export.bind(exporter);
      exporter.export = (items, done) => {
        send(items, (result) => {
          ended(signal, result);
          done(result);
        });
      };
      return exporter;
    },
  };
}

/** An error of several addresses has no message, but a code. */
function reasonOf(error: Error): string {
  const code = "code" in error ? String(error.code) : "";
  if (error.message.includes(code)) return error.message || error.name;
  return `${error.message} ${code}`.trim();
}
