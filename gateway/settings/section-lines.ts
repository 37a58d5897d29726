import { maskSecrets } from "./mask-secrets.ts";
import type { RouteTarget } from "./read-routes.ts";
import type { Settings } from "./settings-table.ts";
import type { UpstreamSettings } from "./upstream-members.ts";

/**
 * What the sections and the variables of providers come to, a line for each thing, without secrets.
 * Each is a comment, so that what `config check` prints can be put into `.env` as it is.
 */
export function sectionLines(settings: Settings): string[] {
  const { upstreams, routes, models, middlewares } = settings;
  return [
    ...listed("upstreams", upstreams.map(upstreamLine)),
    ...listed(
      "routes, the first that matches is taken",
      routes.map((route) => {
        const fallbacks = route.fallbacks.map((target) => `, else ${targetText(target)}`).join("");
        return `${route.model} -> ${route.upstreams.map(targetText).join(" + ")}${fallbacks}`;
      }),
    ),
    ...listed(
      "models",
      models.map(({ model, ...said }) => `${model}  ${JSON.stringify(withoutNulls(said))}`),
    ),
    ...listed(
      "middlewares",
      middlewares.map((one) => {
        const { options } = maskSecrets(one) as typeof one;
        return `${one.name}  ${JSON.stringify(withoutNulls(options))}`;
      }),
    ),
  ];
}

function listed(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", `# ${title}:`, ...lines.map((line) => `#   ${line}`)];
}

function upstreamLine(upstream: UpstreamSettings): string {
  const { name, url, type, maxConcurrent, weight, box } = upstream;
  const also = [
    upstream.key === null ? null : "key ***",
    upstream.passthrough ? "the client's own key" : null,
    weight === 1 ? null : `weight ${weight}`,
    box === null ? null : `box ${box}`,
    upstream.exclusiveModels ? "one model at a time" : null,
    upstream.drain ? "drains" : null,
    upstream.ca === null ? null : `ca ${upstream.ca}`,
    upstream.certificate === null ? null : `certificate ${upstream.certificate}`,
  ].filter((part) => part !== null);
  return [`${name}  ${url}  ${type}, ${maxConcurrent} at once`, ...also].join(", ");
}

function targetText({ upstream, model }: RouteTarget): string {
  return model === null ? upstream : `${upstream} as ${model}`;
}

function withoutNulls(said: object): object {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null));
}
