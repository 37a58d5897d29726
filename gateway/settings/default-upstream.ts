import type { Settings } from "./settings-table.ts";
import { type UpstreamSettings, usualUpstream } from "./upstream-members.ts";

/** The upstream of UPSTREAM_URL, which routes call `default`; null without that setting. */
export function defaultUpstream(settings: Settings): UpstreamSettings | null {
  const { upstreamUrl: url } = settings;
  if (url === null) return null;
  return {
    ...echoUpstream(settings, url),
    name: "default",
    type: settings.upstreamType,
    api: settings.upstreamApi,
    key: settings.upstreamApiKey,
    ca: settings.upstreamCa,
    certificate: settings.upstreamCertificate,
    certificateKey: settings.upstreamCertificateKey,
  };
}

/** The echo at this URL, which answers if no upstream is configured. */
export function echoUpstream(
  { maxConcurrent, exclusiveModels, streamUsage, storedResponses }: Settings,
  url: string,
): UpstreamSettings {
  return {
    ...usualUpstream,
    name: "echo",
    type: "openai",
    url,
    maxConcurrent,
    streamUsage,
    storedResponses: storedResponses === "on",
    exclusiveModels: exclusiveModels === "on",
  };
}
