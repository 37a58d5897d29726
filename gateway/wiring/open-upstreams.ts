import { readFileSync } from "node:fs";
import type { Echo } from "../echo/echo.ts";
import { defaultUpstream, echoUpstream } from "../settings/default-upstream.ts";
import type { Settings } from "../settings/settings-table.ts";
import type { UpstreamSettings } from "../settings/upstream-members.ts";
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

/**
 * Opens every upstream of the settings; nothing connects yet.
 * @throws Error with one line for a file that cannot be read
 */
export async function openUpstreams(settings: Settings): Promise<OpenUpstreams> {
  const configured = settings.upstreams.map((upstream) =>
    openOne(settings, upstream, upstream.name),
  );
  const own = defaultUpstream(settings);
  if (own !== null) {
    const name = isRouted(settings, own.name) ? own.name : own.url;
    configured.push(openOne(settings, own, name));
    return { configured, fallback: name, echo: null };
  }
  if (configured.length > 0) return { configured, fallback: null, echo: null };
  const { startEcho } = await import("../echo/echo.ts");
  const echo = await startEcho({ tokensPerSecond: settings.echoTokensPerSecond });
  const answering = echoUpstream(settings, echo.url);
  const { name } = answering;
  return { configured: [openOne(settings, answering, name)], fallback: name, echo };
}

function isRouted({ routes }: Settings, name: string): boolean {
  return routes.some(({ upstreams, fallbacks }) =>
    [...upstreams, ...fallbacks].some(({ upstream }) => upstream === name),
  );
}

/**
 * Opens one upstream: its certificates, its proxy, its connections. doctor asks through the same.
 * @throws Error with one line for a PEM file or a proxy that cannot be used
 */
export function openOne(
  settings: Settings,
  given: UpstreamSettings,
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
