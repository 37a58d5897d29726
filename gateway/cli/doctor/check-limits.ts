import type { LoadedSettings } from "../../settings/load-settings.ts";
import { originalLimit, originalLimitLine } from "../../settings/original-limit.ts";
import { type Finding, ok, warn } from "../../upstreams/inspect/finding.ts";

/** The limits of every user, if there are any. */
export function checkLimits({ settings, sources }: LoadedSettings): Finding[] {
  const about = "limits";
  if (!settings.enableRateLimiting) return [];
  if (sources.maxTokens.from === originalLimit) {
    return [
      warn(about, originalLimitLine(settings), "Write the limits that you want, or remove it."),
    ];
  }
  const amounts = [
    ["requests", settings.maxRequests],
    ["tokens", settings.maxTokens],
    ["tokens a day", settings.maxTokensPerDay],
    ["tokens a month", settings.maxTokensPerMonth],
    ["seconds of the upstream", settings.maxUpstreamSeconds],
  ] as const;
  const shown = amounts.flatMap(([unit, max]) => (max === null ? [] : [`${max} ${unit}`]));
  return shown.length === 0 ? [] : [ok(about, `Each user may use ${shown.join(", ")}.`)];
}
