import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { normaliseUpstreamUrl } from "../../kinds/normalise-upstream-url.ts";
import {
  type ConfigRoute,
  type ConfigSections,
  type ConfigTarget,
  type Foreign,
  type ForeignPlace,
  noSections,
  textOf,
  textsIn,
  upstreamNameOf,
} from "./foreign.ts";
import { meantBy } from "./litellm-providers.ts";
import { readLiteLlmKeys } from "./read-litellm-keys.ts";

/** One entry of `model_list`; entries with the same name share the work. */
type Deployment = { name: string; order: number; target: ConfigTarget };

/** LiteLLM's keys, or its config.yaml: `model_list`, `fallbacks` and `model_group_alias`. */
export function readLiteLlm(document: unknown, place: ForeignPlace): Foreign {
  const left: string[] = [];
  const keys = readLiteLlmKeys(document, left);
  const sections = noSections();
  if (isJsonObject(document) && Array.isArray(document.model_list)) {
    const entries = document.model_list.filter(isJsonObject);
    const found = entries.flatMap((entry) => deploymentOf(entry, sections, place, left) ?? []);
    sections.routes = inOrder(routesOf(found, document, left));
  }
  return { keys, sections, left };
}

function deploymentOf(
  entry: JsonObject,
  sections: ConfigSections,
  place: ForeignPlace,
  left: string[],
): Deployment | null {
  const params = isJsonObject(entry.litellm_params) ? entry.litellm_params : {};
  const [name, text] = [textOf(entry.model_name), textOf(params.model)];
  if (name === null || text === null) return null;
  const leave = (why: string): null => {
    left.push(`${name} (${text}): ${why}`);
    return null;
  };
  const written = textOf(params.api_base) ?? textOf(params.base_url);
  const base = written === null ? null : variableOf(written, place);
  if (written !== null && base === null) return leave("the variable of its api_base is not set");
  const meant = meantBy(text, { base, by: textOf(params.custom_llm_provider) });
  if (meant === null) return leave("its provider's API is not spoken here");
  const at = base ?? meant.url;
  if (at === null) return leave("it has no api_base");
  // With another name, nobody could tell which model the glob matched.
  if (name.includes("*") && meant.model !== name) {
    return leave("a wildcard that changes names");
  }
  let url: string;
  try {
    url = normaliseUpstreamUrl(at);
  } catch {
    return leave("its api_base is no http(s) URL without name, password and query");
  }
  const upstream = upstreamFor(meant.provider, { url, type: meant.type, params }, sections);
  noteModel(
    name,
    { ...(isJsonObject(entry.model_info) ? entry.model_info : {}), ...params },
    sections,
  );
  const isSame = meant.model === name || name.includes("*");
  const target = isSame ? { name: upstream } : { name: upstream, model: meant.model };
  return { name, order: Number(params.order ?? 1), target };
}

/** `os.environ/NAME` is a variable. */
function variableOf(text: string, { env }: ForeignPlace): string | null {
  const name = /^os\.environ\/(.+)$/.exec(text)?.[1];
  return name === undefined ? text : (env[name] ?? null);
}

/** Adds one upstream for each address and key. @returns its name */
function upstreamFor(
  provider: string,
  { url, type, params }: { url: string; type: string; params: JsonObject },
  { upstreams }: ConfigSections,
): string {
  const written = textOf(params.api_key);
  const key = written?.replace(/^os\.environ\/(.+)$/, (_, name) => `\${${name}}`) ?? null;
  const same = Object.entries(upstreams).find(([, one]) => {
    return one.url === url && one.type === type && (one.key ?? null) === key;
  });
  if (same !== undefined) return same[0];
  const isUsual = url.endsWith(".com") || url.startsWith("https://openrouter.");
  const wanted = isUsual ? provider : upstreamNameOf(new URL(url).host);
  let name = wanted;
  for (let n = 2; name in upstreams; n++) name = `${wanted}-${n}`;
  const weight = Number(params.weight);
  upstreams[name] = {
    url,
    type,
    ...(key === null ? {} : { key }),
    ...(weight > 0 && weight <= 1_000 ? { weight } : {}),
  };
  return name;
}

/** What LiteLLM calls → what we do, in `price` and beside it. */
const prices = {
  input_cost_per_token: "prompt",
  output_cost_per_token: "completion",
  cache_read_input_token_cost: "cached",
  output_cost_per_second: "gpu_second",
} as const;

const sizes = { max_input_tokens: "context_length", max_output_tokens: "max_output" } as const;

function noteModel(name: string, said: JsonObject, { models }: ConfigSections): void {
  const renamed = (names: Readonly<Record<string, string>>): [string, number][] =>
    Object.entries(names).flatMap(([theirs, ours]) => {
      const value = Number(said[theirs] ?? Number.NaN);
      return value >= 0 ? [[ours, value]] : [];
    });
  const price = Object.fromEntries(renamed(prices));
  const model = {
    ...Object.fromEntries(renamed(sizes).filter(([, value]) => value > 0)),
    ...(Object.keys(price).length > 0 ? { price } : {}),
  };
  if (Object.keys(model).length > 0) models[name] ??= model;
}

function routesOf(
  found: readonly Deployment[],
  document: JsonObject,
  left: string[],
): ConfigRoute[] {
  const routes = new Map<string, ConfigRoute>();
  for (const [name, group] of Map.groupBy(found, (one) => one.name)) {
    const first = Math.min(...group.map(({ order }) => order));
    const ordered = group.toSorted((a, b) => a.order - b.order);
    const upstreams: ConfigTarget[] = [];
    const fallbacks: ConfigTarget[] = [];
    for (const { order, target } of ordered) {
      if ([...upstreams, ...fallbacks].some((one) => one.name === target.name)) {
        left.push(`${name}: a second model on the upstream ${target.name}`);
      } else (order === first ? upstreams : fallbacks).push(target);
    }
    routes.set(name, { model: name, upstreams, ...(fallbacks.length > 0 ? { fallbacks } : {}) });
  }
  const router = isJsonObject(document.router_settings) ? document.router_settings : {};
  const general = isJsonObject(document.litellm_settings) ? document.litellm_settings : {};
  for (const [name, others] of fallbacksIn(router, general)) {
    for (const route of name === "*" ? routes.values() : [routes.get(name)]) {
      if (route !== undefined) addFallbacks(route, others, routes);
    }
  }
  const aliases = isJsonObject(router.model_group_alias) ? router.model_group_alias : {};
  for (const [alias, to] of Object.entries(aliases)) {
    const route = routes.get(String(isJsonObject(to) ? to.model : to));
    if (route === undefined) left.push(`${alias}: an alias of a model that is not in the list`);
    else if (!routes.has(alias)) routes.set(alias, aliasOf(alias, route));
  }
  return [...routes.values()];
}

/**
 * `fallbacks: [{"a": ["b", "c"]}]` of either section, and `default_fallbacks`, which are for all
 * models.
 */
function fallbacksIn(...sections: readonly JsonObject[]): [string, string[]][] {
  return sections.flatMap((section) => {
    const list = Array.isArray(section.fallbacks) ? section.fallbacks.filter(isJsonObject) : [];
    const own = list.flatMap((one) => Object.entries(one));
    const all: [string, unknown] = ["*", section.default_fallbacks];
    return [...own, all].map(([name, others]): [string, string[]] => [name, textsIn(others)]);
  });
}

function addFallbacks(
  route: ConfigRoute,
  others: readonly string[],
  routes: ReadonlyMap<string, ConfigRoute>,
): void {
  for (const other of others) {
    for (const target of aliasOf(route.model, routes.get(other)).upstreams) {
      const seats = [...route.upstreams, ...(route.fallbacks ?? [])];
      if (seats.some(({ name }) => name === target.name)) continue;
      route.fallbacks = [...(route.fallbacks ?? []), target];
    }
  }
}

/** The same targets under another name. Each then needs the name of its model. */
function aliasOf(alias: string, route: ConfigRoute | undefined): ConfigRoute {
  if (route === undefined) return { model: alias, upstreams: [] };
  const own = route.model.includes("*") ? {} : { model: route.model };
  const said = (target: ConfigTarget): ConfigTarget => ({ ...own, ...target });
  return {
    model: alias,
    upstreams: route.upstreams.map(said),
    ...(route.fallbacks === undefined ? {} : { fallbacks: route.fallbacks.map(said) }),
  };
}

/** Names before globs, long globs before short ones, since the first match counts. */
function inOrder(routes: readonly ConfigRoute[]): ConfigRoute[] {
  const rank = ({ model }: ConfigRoute): number => (model.includes("*") ? 1_000 - model.length : 0);
  return routes.toSorted((a, b) => rank(a) - rank(b));
}
