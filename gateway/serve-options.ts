import { defaultUpstream, echoUpstream } from "./settings/default-upstream.ts";
import type { Settings } from "./settings/settings-table.ts";
import type { Telemetry } from "./telemetry/events.ts";
import type { UpstreamsOptions } from "./upstreams/open-upstreams.ts";

type ModelRules = (model: string) => Settings["models"][number] | null;

/** The options of the upstreams, from the settings; part of the composition root. */
export const upstreamsOptions = (
  settings: Settings,
  telemetry: Telemetry,
  rules: ModelRules,
): UpstreamsOptions => ({
  ...settings,
  upstreamOfUrl: defaultUpstream(settings),
  echoAt: (url) => echoUpstream(settings, url),
  env: process.env,
  modelCapacity: settings.models.some(({ maxConcurrent }) => maxConcurrent !== null)
    ? (model) => rules(model)?.maxConcurrent ?? null
    : null,
  onSwap: telemetry.swapped,
  onChange: telemetry.upstreamState,
  onFinding: telemetry.finding,
});
