import type { Provider } from "./provider-settings.ts";
import type { RouteSettings, UpstreamSettings } from "./routing-settings.ts";
import type { Settings } from "./settings.ts";

type Usual = {
  readonly title: string;
  readonly domain: string;
  readonly port: number;
  readonly tls: boolean;
  readonly maxConcurrent: number | null;
  readonly globs: readonly string[];
};

/**
 * The usual values. `o*` would take olmo and openhermes from the box, so their digits are named.
 */
export const providers: Readonly<Record<Provider, Usual>> = {
  openai: {
    title: "OpenAI",
    domain: "api.openai.com",
    port: 443,
    tls: true,
    maxConcurrent: 32,
    globs: ["gpt-*", "chatgpt-*", ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => `o${digit}*`)],
  },
  google: {
    title: "Google",
    domain: "generativelanguage.googleapis.com",
    port: 443,
    tls: true,
    maxConcurrent: 32,
    globs: ["gemini-*"],
  },
  anthropic: {
    title: "Anthropic",
    domain: "api.anthropic.com",
    port: 443,
    tls: true,
    maxConcurrent: 32,
    globs: ["claude-*"],
  },
  // No route: an upstream that no route names serves the models it lists.
  ollama: {
    title: "Ollama",
    domain: "localhost",
    port: 11_434,
    tls: false,
    maxConcurrent: null,
    globs: [],
  },
};

const names = Object.keys(providers) as Provider[];

export type MadeUpstream = { readonly upstream: UpstreamSettings; readonly madeBy: string };

/**
 * The providers of which DOMAIN, PORT or TLS is set. A key alone makes none: one left in a shell
 * must not send anyone's prompts to a paid cloud.
 */
export function providerUpstreams(settings: Partial<Settings>): MadeUpstream[] {
  return names.flatMap((name) => {
    const domain = settings[`${name}Domain`] ?? null;
    const port = settings[`${name}Port`] ?? null;
    const tls = settings[`${name}Tls`] ?? null;
    const set = domain !== null ? "DOMAIN" : port !== null ? "PORT" : tls !== null ? "TLS" : null;
    if (set === null) return [];
    const usual = providers[name];
    const isTls = tls ?? usual.tls;
    // Nobody speaks plain HTTP on 443.
    const usualPort = usual.port === 443 && !isTls ? 80 : usual.port;
    const host = domain ?? usual.domain;
    const address = host.includes(":") ? `[${host}]` : host;
    const url = new URL(`${isTls ? "https" : "http"}://${address}:${port ?? usualPort}`).origin;
    const upstream: UpstreamSettings = {
      name,
      url,
      type: name,
      key: settings[`${name}ApiKey`] ?? null,
      passthrough: false,
      maxConcurrent: usual.maxConcurrent ?? settings.maxConcurrent ?? 1,
      weight: 1,
      drain: false,
      exclusiveModels: usual.maxConcurrent === null && settings.exclusiveModels === "on",
      box: null,
      ca: null,
      certificate: null,
      certificateKey: null,
    };
    return [{ upstream, madeBy: `${name.toUpperCase()}_${set}` }];
  });
}

/** The routes to those providers, which come after all others. */
export function providerRoutes(settings: Partial<Settings>): RouteSettings[] {
  return providerUpstreams(settings).flatMap(({ upstream }) => {
    const { globs } = providers[upstream.name as Provider];
    const upstreams = [{ upstream: upstream.name, model: null }];
    return globs.map((model) => ({ model, upstreams, fallbacks: [] }));
  });
}
