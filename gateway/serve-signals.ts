import { hostname } from "node:os";
import { otelOptions } from "./serve-options.ts";
import type { Settings } from "./settings/settings-table.ts";
import { createTelemetry, type Telemetry } from "./telemetry/events.ts";
import type { Watched } from "./telemetry/gauges.ts";
import { createLog, type LogForm } from "./telemetry/log.ts";
import { createMetrics, type Metrics } from "./telemetry/metrics.ts";
import { createNotices, type NoticesOptions } from "./telemetry/notices.ts";
import type { Otel } from "./telemetry/otel/open-otel.ts";
import { watchOver } from "./telemetry/watch-over.ts";

/** What says how the gateway is: to a log, to those who ask, and to those who must not ask. */
export type Signals = {
  telemetry: Telemetry;
  metrics: Metrics;
  /** Looks now and then at what nobody reports, where somebody is told; returns what ends it. */
  watchOver(watched: Watched): () => void;
};

/** Opens log, metrics, notices, and what pushes to a collector; part of the composition root. */
export async function openSignals(
  settings: Settings,
  { logForm, version }: { logForm: LogForm; version: string },
  opening: AsyncDisposableStack,
): Promise<Signals> {
  const log = opening.adopt(createLog({ form: logForm, level: settings.logLevel }), (it) =>
    it.close(),
  );
  const metrics = createMetrics(settings.metricsUsers === "names");
  const options = noticesOptions(settings, (lost) => telemetry.noticeLost(lost));
  const notices = opening.adopt(createNotices(options), (it) => it.close());
  const otel = await openPush(settings, version, metrics, (trouble) =>
    telemetry.collector(trouble),
  );
  if (otel !== null) opening.defer(() => otel.close());
  const telemetry = createTelemetry({ log, metrics, otel, notices });
  return {
    telemetry,
    metrics,
    watchOver(watched) {
      if (options.to === null) return () => {};
      const hasBackups = settings.backupDaily !== null;
      return watchOver(watched, { longMs: options.longMs, hasBackups }, notices);
    },
  };
}

/** Null, and not loaded, where there is no collector. */
async function openPush(
  settings: Settings,
  version: string,
  metrics: Metrics,
  onCollector: (trouble: string | null) => void,
): Promise<Otel | null> {
  const options = otelOptions(settings, version);
  if (options === null) return null;
  const { openOtel } = await import("./telemetry/otel/open-otel.ts");
  return openOtel(options, metrics.read, onCollector);
}

/** Where notices go, and what they say of this gateway. */
const noticesOptions = (
  { notifyUrl, notifySecret, notifyAfterMs, publicUrl }: Settings,
  onTrouble: NoticesOptions["onTrouble"],
): NoticesOptions => ({
  to: notifyUrl,
  secret: notifySecret,
  longMs: notifyAfterMs,
  from: publicUrl ?? hostname(),
  onTrouble,
});
