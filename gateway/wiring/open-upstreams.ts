import { readFileSync } from "node:fs";
import type { Echo } from "../echo/echo.ts";
import type { UpstreamSettings } from "../settings/routing-settings.ts";
import type { Settings } from "../settings/settings.ts";
import { type ProxyEnvironment, proxyFor } from "../upstreams/proxy-for.ts";
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

/** How one upstream is to be opened. */
export type UpstreamToOpen = Omit<UpstreamSettings, "name">;

/**
 * Opens every upstream of the settings; nothing connects yet.
 * @throws Error with one line for a file that cannot be read
 */
export async function openUpstreams(settings: Settings): Promise<OpenUpstreams> {
  const configured = settings.upstreams.map((upstream) =>
    openOne(settings, upstream, upstream.name),
  );
  const { upstreamUrl: url } = settings;
  if (url !== null) {
    const name = isRouted(settings, defaultName) ? defaultName : url;
    configured.push(openOne(settings, upstreamOfUrl(settings, url), name));
    return { configured, fallback: name, echo: null };
  }
  if (configured.length > 0) return { configured, fallback: null, echo: null };
  const { startEcho } = await import("../echo/echo.ts");
  const echo = await startEcho({ tokensPerSecond: settings.echoTokensPerSecond });
  const own = { ...usual(settings), url: echo.url, key: null, type: "openai" as const };
  return { configured: [openOne(settings, own, "echo")], fallback: "echo", echo };
}

/** The upstream of UPSTREAM_URL, as the other variables describe it. */
export function upstreamOfUrl(settings: Settings, url: string): UpstreamToOpen {
  const { upstreamApiKey: key, upstreamType: type, upstreamCa: ca } = settings;
  const { upstreamCertificate: certificate, upstreamCertificateKey: certificateKey } = settings;
  return { ...usual(settings), url, key, type, ca, certificate, certificateKey };
}

function isRouted({ routes }: Settings, name: string): boolean {
  return routes.some(({ upstreams, fallbacks }) =>
    [...upstreams, ...fallbacks].some(({ upstream }) => upstream === name),
  );
}

/** What the one upstream has that UPSTREAM_URL names. */
const usual = (settings: Settings): Omit<UpstreamToOpen, "url" | "key" | "type"> => ({
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

/**
 * Opens one upstream: its certificates, its proxy, its connections. doctor asks through the same.
 * @throws Error with one line for a PEM file or a proxy that cannot be used
 */
export function openOne(
  settings: Settings,
  given: UpstreamToOpen,
  name: string,
  env: ProxyEnvironment = process.env,
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
  const proxy = proxyFor(url, env);
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
