import type { PlainSettings } from "./plain-table.ts";
import { type Provider, providers } from "./providers.ts";
import type { RouteSettings } from "./read-routes.ts";
import { type UpstreamSettings, usualUpstream } from "./upstream-members.ts";

const names = Object.keys(providers) as Provider[];

export type MadeUpstream = { readonly upstream: UpstreamSettings; readonly madeBy: string };

/**
 * The providers of which DOMAIN, PORT or TLS is set. A key alone makes none: one left in a shell
 * must not send anyone's prompts to a paid cloud.
 */
export function providerUpstreams(settings: Partial<PlainSettings>): MadeUpstream[] {
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
    const upstream = {
      ...usualUpstream,
      name,
      url,
      type: name,
      key: settings[`${name}ApiKey`] ?? null,
      storedResponses: settings.storedResponses === "on",
      maxConcurrent: usual.maxConcurrent ?? settings.maxConcurrent ?? 1,
      exclusiveModels: usual.maxConcurrent === null && settings.exclusiveModels === "on",
    };
    return [{ upstream, madeBy: `${name.toUpperCase()}_${set}` }];
  });
}

/** The routes to those providers, which come after all others. */
export function providerRoutes(settings: Partial<PlainSettings>): RouteSettings[] {
  return providerUpstreams(settings).flatMap(({ upstream }) => {
    const { globs } = providers[upstream.name as Provider];
    const upstreams = [{ upstream: upstream.name, model: null }];
    return globs.map((model) => ({ model, upstreams, fallbacks: [] }));
  });
}
