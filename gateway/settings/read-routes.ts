import { didYouMean } from "./did-you-mean.ts";
import { shown } from "./fault-line.ts";
import { covers, modelGlob, modelName, neverReached, type PlacedGlob } from "./model-glob.ts";
import { providerRoutes } from "./provider-upstreams.ts";
import { membersOf, type Reading, readValue } from "./reading.ts";
import type { RouteSettings, RouteTarget } from "./routing-settings.ts";
import type { Written } from "./written.ts";

const names = ["model", "upstream", "upstreams", "as", "fallbacks"] as const;

/** The section's routes in their order, then those of providers that none before them takes. */
export function readRoutes(section: Written | null, reading: Reading): RouteSettings[] {
  if (section !== null && section.items === null) {
    reading.fault(section.at, "routes must be a list; the first that matches a model is taken");
  }
  const globs: PlacedGlob[] = [];
  const routes = (section?.items ?? []).flatMap((item, index) =>
    routesOf(item, `route ${index + 1}:`, globs, reading),
  );
  for (const { one, taker } of neverReached(globs)) {
    const says = `route for ${shown(one.glob)} is never reached: ${shown(taker.glob)} (${taker.at}) takes it all`;
    reading.fault(one.at, says);
  }
  const others = providerRoutes(reading.settings).filter(
    ({ model }) => !globs.some(({ glob }) => covers(glob, model)),
  );
  return [...routes, ...others];
}

/** One for each of its globs. */
function routesOf(
  item: Written,
  about: string,
  globs: PlacedGlob[],
  reading: Reading,
): RouteSettings[] {
  const given = membersOf(item, names, about, reading);
  if (given === null) return [];
  const model = given.get("model");
  if (model === undefined) reading.fault(item.at, `${about} needs a model, a name or a glob`);
  const own = listOf(model).flatMap((written) => {
    const glob = readValue(written, modelGlob, "", `${about} model`, reading);
    return glob === "" ? [] : [{ glob, at: written.at }];
  });
  globs.push(...own);
  const [upstream, several] = [given.get("upstream"), given.get("upstreams")];
  if ((upstream === undefined) === (several === undefined)) {
    reading.fault(item.at, `${about} needs either upstream or upstreams`);
  }
  if (upstream?.items) reading.fault(upstream.at, `${about} upstream must be one; upstreams many`);
  if (several?.items?.length === 0)
    reading.fault(several.at, `${about} upstreams must not be empty`);
  const calledThere = readValue<string | null>(
    given.get("as"),
    modelName,
    null,
    `${about} as`,
    reading,
  );
  const seen = new Set<string>();
  const targetsOf = (written: Written | undefined): RouteTarget[] =>
    listOf(written).flatMap((one) => {
      const target = targetOf(one, calledThere, about, reading);
      if (target !== null && seen.has(target.upstream)) {
        reading.fault(one.at, `${about} upstream ${target.upstream} stands there twice`);
      }
      if (target !== null) seen.add(target.upstream);
      return target ?? [];
    });
  const upstreams = targetsOf(upstream ?? several);
  const fallbacks = targetsOf(given.get("fallbacks"));
  return own.map(({ glob }) => ({ model: glob, upstreams, fallbacks }));
}

function listOf(written: Written | undefined): readonly Written[] {
  return written === undefined ? [] : (written.items ?? [written]);
}

/** `gpu1`, or `{ name: gpu1, model: qwen3-32b }`. */
function targetOf(
  written: Written,
  calledThere: string | null,
  about: string,
  reading: Reading,
): RouteTarget | null {
  const given =
    written.text === null
      ? membersOf(written, ["name", "model"], `${about} upstream`, reading)
      : new Map([["name" as const, written]]);
  if (given === null) return null;
  const named = given.get("name");
  const name = named?.text ?? "";
  if (named === undefined || name === "") {
    reading.fault(written.at, `${about} upstream must be a name, or {name: …, model: …}`);
    return null;
  }
  const known = knownIn(reading);
  if (known !== undefined && !known.includes(name)) {
    const hint = didYouMean(name, known) || thereAre(known);
    reading.fault(named.at, `${about} there is no upstream ${shown(name)}${hint}`);
  }
  const model = readValue(given.get("model"), modelName, calledThere, `${about} model`, reading);
  return { upstream: name, model };
}

/** The upstream of UPSTREAM_URL is called default; undefined where upstreams could not be read. */
function knownIn({ settings }: Reading): string[] | undefined {
  const own = settings.upstreamUrl === null ? [] : ["default"];
  return settings.upstreams && [...settings.upstreams.map(({ name }) => name), ...own];
}

function thereAre(known: readonly string[]): string {
  return known.length === 0 ? "; upstreams names none" : `; there are ${known.join(", ")}`;
}
