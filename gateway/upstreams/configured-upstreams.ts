import { readFileSync } from "node:fs";
import type { Echo } from "../echo/echo.ts";
import { type ProxyEnvironment, proxyFor } from "./proxy-for.ts";
import type { RoutedUpstream } from "./routing.ts";
import {
  openUpstream,
  type ServerType,
  type StreamUsage,
  type Upstream,
  type UpstreamApi,
} from "./upstream.ts";

/** How one upstream is configured. */
export type UpstreamSetup = {
  readonly name: string;
  readonly url: string;
  readonly key: string | null;
  readonly type: ServerType;
  readonly api: UpstreamApi;
  /** The client's own credentials go to it unchanged. */
  readonly passthrough: boolean;
  readonly maxConcurrent: number | "auto";
  readonly weight: number;
  /** It takes no new work. */
  readonly drain: boolean;
  /** Upstreams of one box share its capacity; null: it has a machine of its own. */
  readonly box: string | null;
  readonly exclusiveModels: boolean;
  /** Whether its streams are asked for their usage. */
  readonly streamUsage: StreamUsage;
  /** What it has stored is passed on, to the user that made it. */
  readonly storedResponses: boolean;
  /** Paths of PEM files. */
  readonly ca: string | null;
  readonly certificate: string | null;
  readonly certificateKey: string | null;
};

/** An open upstream, and what its pool needs to know of its configuration. */
export type ConfiguredUpstream = Pick<
  UpstreamSetup,
  "maxConcurrent" | "weight" | "drain" | "box" | "exclusiveModels"
> & {
  readonly upstream: Upstream;
  /** As it is in the settings. */
  readonly url: string;
  /** True if the config file gave it its name. */
  readonly isNamed: boolean;
};

export type ConfiguredOptions = {
  /** Those with a name in the config file. */
  readonly upstreams: readonly UpstreamSetup[];
  /** The upstream of UPSTREAM_URL, with the name that routes give it; null: not set. */
  readonly upstreamOfUrl: UpstreamSetup | null;
  /** The echo at a URL, which answers if no upstream is configured. */
  readonly echoAt: (url: string) => UpstreamSetup;
  /** Null: as fast as it can. */
  readonly echoTokensPerSecond: number | null;
  readonly routes: readonly {
    readonly upstreams: readonly RoutedUpstream[];
    readonly fallbacks: readonly RoutedUpstream[];
  }[];
  readonly connectTimeoutMs: number;
  readonly env: ProxyEnvironment;
};

export type ConfiguredUpstreams = {
  readonly configured: readonly ConfiguredUpstream[];
  /** The name of the upstream for models that no route names; null: there is none. */
  readonly fallback: string | null;
  /** True if nothing is configured, and the echo answers. */
  readonly isEcho: boolean;
};

/**
 * Opens every configured upstream, or the echo; nothing connects yet. `opening` closes them.
 * @throws Error with one line for a PEM file or a proxy that cannot be used
 */
export async function openConfigured(
  options: ConfiguredOptions,
  opening: AsyncDisposableStack,
): Promise<ConfiguredUpstreams> {
  const open = (setup: UpstreamSetup, more: NamedBy): ConfiguredUpstream => {
    const one = openOne(setup, { ...options, ...more });
    opening.defer(() => one.upstream.connections.close());
    return one;
  };
  const { upstreamOfUrl: own } = options;
  const configured = options.upstreams.map((setup) => {
    return open(setup, { name: setup.name, isNamed: true });
  });
  if (own !== null) {
    // Routes name it; without a route to it the log shows its URL.
    const name = isRouted(options, own.name) ? own.name : own.url;
    configured.push(open(own, { name, isNamed: false }));
    return { configured, fallback: name, isEcho: false };
  }
  if (configured.length > 0) return { configured, fallback: null, isEcho: false };
  const { startEcho } = await import("../echo/echo.ts");
  const echo: Echo = await startEcho({ tokensPerSecond: options.echoTokensPerSecond });
  opening.defer(() => echo.close());
  const setup = options.echoAt(echo.url);
  const { name } = setup;
  return { configured: [open(setup, { name, isNamed: false })], fallback: name, isEcho: true };
}

function isRouted({ routes }: ConfiguredOptions, name: string): boolean {
  return routes.some(({ upstreams, fallbacks }) =>
    [...upstreams, ...fallbacks].some(({ upstream }) => upstream === name),
  );
}

/** Its name in ledger, logs and /health; `isNamed` if the config file gave it that name. */
type NamedBy = { readonly name: string; readonly isNamed: boolean };

/**
 * Opens one upstream: its certificates, its proxy, its connections. doctor asks through the same.
 * @throws Error with one line for a PEM file or a proxy that cannot be used
 */
export function openOne(
  setup: UpstreamSetup,
  options: NamedBy & Pick<ConfiguredOptions, "connectTimeoutMs" | "env">,
): ConfiguredUpstream {
  const { url, key, type, api, passthrough } = setup;
  const { maxConcurrent, weight, drain, box, exclusiveModels } = setup;
  const { name, isNamed, connectTimeoutMs, env } = options;
  const pem = (member: string, file: string | null): string | null =>
    textOf(isNamed ? `upstream ${name}: ${member}` : `UPSTREAM_${member.toUpperCase()}`, file);
  const upstream = openUpstream({
    name,
    url,
    key,
    type,
    api,
    passthrough,
    streamUsage: setup.streamUsage,
    storedResponses: setup.storedResponses,
    connectTimeoutMs,
    tls: {
      ca: pem("ca", setup.ca),
      cert: pem("certificate", setup.certificate),
      key: pem("certificate_key", setup.certificateKey),
    },
    proxy: proxyFor(url, env),
  });
  return { upstream, url, isNamed, maxConcurrent, weight, drain, box, exclusiveModels };
}

/** The text of a PEM file; `setting` is the setting that names it. */
function textOf(setting: string, file: string | null): string | null {
  if (file === null) return null;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new Error(`${setting} ${file}: cannot be read (${code}); give the path of a PEM file`);
  }
}
