import { readFileSync } from "node:fs";
import type { Echo } from "../echo/echo.ts";
import type { UpstreamSettings } from "../settings/routing-settings.ts";
import type { Settings } from "../settings/settings.ts";
import { proxyFor } from "../upstreams/proxy-for.ts";
import { openUpstream } from "../upstreams/upstream.ts";
import type { Configured } from "./open-pools.ts";

/** Every upstream of the settings, opened. */
export type OpenUpstreams = {
  readonly configured: readonly Configured[];
  /** The name of the one for all that no route names; null: there is none. */
  readonly fallback: string | null;
  /** Runs where nothing else is configured. */
  readonly echo: Echo | null;
};

/** How the upstream of UPSTREAM_URL is called in routes. */
const defaultName = "default";

/** Opens them; nothing connects yet. Throws a one-line Error for a file that cannot be read. */
export async function openUpstreams(settings: Settings): Promise<OpenUpstreams> {
  const configured = settings.upstreams.map((upstream) =>
    opened(settings, upstream, upstream.name),
  );
  const { upstreamUrl: url, upstreamApiKey: key, upstreamType: type } = settings;
  if (url !== null) {
    const name = isRouted(settings, defaultName) ? defaultName : url;
    const { upstreamCa: ca, upstreamCertificate, upstreamCertificateKey } = settings;
    const tls = { ca, certificate: upstreamCertificate, certificateKey: upstreamCertificateKey };
    const own = { ...usual(settings), url, key, type, ...tls };
    configured.push(opened(settings, own, name));
    return { configured, fallback: name, echo: null };
  }
  if (configured.length > 0) return { configured, fallback: null, echo: null };
  const { startEcho } = await import("../echo/echo.ts");
  const echo = await startEcho({ tokensPerSecond: settings.echoTokensPerSecond });
  const own = { ...usual(settings), url: echo.url, key: null, type: "openai" as const };
  return { configured: [opened(settings, own, "echo")], fallback: "echo", echo };
}

function isRouted({ routes }: Settings, name: string): boolean {
  return routes.some(({ upstreams, fallbacks }) =>
    [...upstreams, ...fallbacks].some(({ upstream }) => upstream === name),
  );
}

/** What the one upstream has that UPSTREAM_URL names. */
const usual = (settings: Settings): Omit<UpstreamSettings, "name" | "url" | "key" | "type"> => ({
  passthrough: false,
  maxConcurrent: settings.maxConcurrent,
  weight: 1,
  drain: false,
  exclusiveModels: settings.exclusiveModels === "on",
  box: null,
  ca: null,
  certificate: null,
  certificateKey: null,
});

function opened(
  settings: Settings,
  given: Omit<UpstreamSettings, "name">,
  name: string,
): Configured {
  const { url, key, type, passthrough, maxConcurrent, weight, drain, box, exclusiveModels } = given;
  const { ca, certificate, certificateKey } = given;
  const isNamed = settings.upstreams.some((upstream) => upstream.name === name);
  const pem = (member: string, file: string | null): string | null =>
    textOf(isNamed ? `upstream ${name}: ${member}` : `UPSTREAM_${member.toUpperCase()}`, file);
  const tls = {
    ca: pem("ca", ca),
    cert: pem("certificate", certificate),
    key: pem("certificate_key", certificateKey),
  };
  const proxy = proxyFor(url, process.env);
  const upstream = openUpstream({
    name,
    url,
    key,
    type,
    passthrough,
    connectTimeoutMs: settings.connectTimeoutMs,
    tls,
    proxy,
  });
  return { upstream, maxConcurrent, weight, drain, box, exclusiveModels };
}

/** The text of a PEM file; `setting` is what names it. */
function textOf(setting: string, file: string | null): string | null {
  if (file === null) return null;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new Error(`${setting} ${file}: cannot be read (${code}); give the path of a PEM file`);
  }
}
