import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { digestOf, hintOf, keyFault } from "../../users/key.ts";
import {
  type ConfigSections,
  type Foreign,
  type ForeignKey,
  type ForeignPlace,
  noSections,
  textOf,
  textsIn,
  upstreamNameOf,
} from "./foreign.ts";

/** A group of models that run together. Each is one upstream at llama-swap's address. */
type Group = {
  name: string;
  swap: boolean;
  exclusive: boolean;
  persistent: boolean;
  models: string[];
};

/** The default address of llama-swap. */
const usualUrl = "http://127.0.0.1:8080";

/**
 * Reads llama-swap's config.yaml. llama-swap becomes an upstream, and still starts and stops the
 * models. Its aliases, groups and peers become upstreams and routes.
 */
export function readLlamaSwap(document: unknown, place: ForeignPlace): Foreign {
  const sections = noSections();
  const left: string[] = [];
  if (!isJsonObject(document)) return { keys: [], sections, left };
  const models = membersIn(document.models);
  const groups = groupsIn(document, Object.keys(models), left);
  const shares = groups.filter((group) => sharesBox(group, groups));
  for (const group of groups) {
    const name = group.name === "" ? "llama-swap" : `llama-swap-${upstreamNameOf(group.name)}`;
    sections.upstreams[name] = {
      url: place.upstreamUrl ?? usualUrl,
      type: "openai",
      exclusive_models: group.swap,
      ...(shares.length > 1 && shares.includes(group) ? { box: "llama-swap" } : {}),
    };
    for (const model of group.models) addModel(model, models[model], name, sections);
  }
  addPeers(membersIn(document.peers), sections);
  for (const part of ["profiles", "selectors"]) {
    if (Object.keys(membersIn(document[part])).length > 0) left.push(`its ${part}`);
  }
  return { keys: keysIn(textsIn(document.apiKeys), place, left), sections, left };
}

function membersIn(value: unknown): Readonly<Record<string, JsonObject>> {
  const members = isJsonObject(value) ? value : {};
  return Object.fromEntries(
    Object.entries(members).map(([name, one]) => [name, isJsonObject(one) ? one : {}]),
  );
}

/** `groups`, at the top or under `routing.router.settings`; a model without one gets its own. */
function groupsIn(document: JsonObject, models: readonly string[], left: string[]): Group[] {
  const { router } = membersIn(document.routing);
  const settings = isJsonObject(router?.settings) ? router.settings : {};
  const isMatrix = isJsonObject(document.matrix) || router?.use === "matrix";
  if (isMatrix) left.push("its matrix: all models take turns");
  const written = isMatrix ? {} : membersIn(document.groups ?? settings.groups);
  const groups = Object.entries(written).map(([name, group]): Group => {
    return {
      name,
      swap: group.swap !== false,
      exclusive: group.exclusive !== false,
      persistent: group.persistent === true,
      models: textsIn(group.members).filter((model) => models.includes(model)),
    };
  });
  const grouped = new Set(groups.flatMap((group) => group.models));
  const others = models.filter((model) => !grouped.has(model));
  const rest = { name: "", swap: true, exclusive: true, persistent: false, models: others };
  return [...groups, rest].filter((group) => group.models.length > 0);
}

/** Whether it stops other groups when it starts, or is stopped by one of them. */
function sharesBox(group: Group, groups: readonly Group[]): boolean {
  if (group.exclusive) return groups.some((other) => other !== group && !other.persistent);
  return !group.persistent && groups.some((other) => other !== group && other.exclusive);
}

function addModel(
  model: string,
  said: JsonObject | undefined,
  upstream: string,
  { routes, models }: ConfigSections,
): void {
  routes.push({ model, upstreams: [{ name: upstream }] });
  const filters = isJsonObject(said?.filters) ? said.filters : {};
  // llama-swap sets other parameters under these names, so they are sent as they are.
  const variants = isJsonObject(filters.setParamsByID) ? Object.keys(filters.setParamsByID) : [];
  const own = variants.map((name) => name.replaceAll(`\${MODEL_ID}`, model));
  for (const alias of new Set([...textsIn(said?.aliases), ...own])) {
    if (alias === model) continue;
    const target = own.includes(alias) ? { name: upstream } : { name: upstream, model };
    routes.push({ model: alias, upstreams: [target] });
  }
  const capabilities = isJsonObject(said?.capabilities) ? said.capabilities : {};
  const known = {
    name: textOf(said?.name),
    description: textOf(said?.description),
    context_length: aboveZero(capabilities.context),
    max_concurrent: aboveZero(said?.concurrencyLimit),
  };
  const set = Object.entries(known).filter(([, value]) => value !== null);
  if (set.length > 0) models[model] = Object.fromEntries(set);
}

function aboveZero(value: unknown): number | null {
  return typeof value === "number" && value > 0 ? value : null;
}

/** A model of a peer is `peer/model`, and also `model` if no other server has that name. */
function addPeers(
  peers: Readonly<Record<string, JsonObject>>,
  { upstreams, routes }: ConfigSections,
): void {
  const all = Object.values(peers).flatMap((peer) => textsIn(peer.models));
  const taken = new Set(routes.map(({ model }) => model));
  for (const [peer, { proxy, apiKey, models }] of Object.entries(peers)) {
    const url = textOf(proxy);
    if (url === null) continue;
    const key = textOf(apiKey)?.replace(/\$\{env\.(\w+)\}/, (_, variable) => `\${${variable}}`);
    const name = upstreamNameOf(peer);
    upstreams[name] = { url, type: "openai", ...(key === undefined ? {} : { key }) };
    for (const model of new Set(textsIn(models))) {
      routes.push({ model: `${peer}/${model}`, upstreams: [{ name, model }] });
      const isOnly = all.filter((one) => one === model).length === 1;
      if (isOnly && !taken.has(model)) routes.push({ model, upstreams: [{ name }] });
    }
  }
}

/** Its `apiKeys` have no names; `${env.NAME}` is a variable. */
function keysIn(texts: readonly string[], { env }: ForeignPlace, left: string[]): ForeignKey[] {
  return texts.flatMap((text, index) => {
    const variable = /^\$\{env\.(\w+)\}$/.exec(text)?.[1];
    const key = variable === undefined ? text : (env[variable] ?? "");
    if (keyFault(key) !== null) {
      left.push(
        `key ${index + 1}: ${variable === undefined ? "no key here" : "its variable is not set"}`,
      );
      return [];
    }
    const user = `llama-swap-${index + 1}`;
    return [{ digest: digestOf(key), user, hint: hintOf(key), expires: null, models: null }];
  });
}
