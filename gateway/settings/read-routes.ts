import { didYouMean } from "../kinds/did-you-mean.ts";
import { coversGlob } from "../kinds/glob.ts";
import type { JsonSchema } from "../kinds/kind.ts";
import { membersIn, readValue } from "../kinds/members.ts";
import { modelGlob, modelName } from "../kinds/model-kinds.ts";
import { neverReached, type PlacedGlob } from "../kinds/never-reached.ts";
import { shown } from "../kinds/shown.ts";
import type { Written } from "../kinds/written.ts";
import { providerRoutes } from "./provider-upstreams.ts";
import type { Reading } from "./reading.ts";
import type { Section } from "./setting.ts";

/** Where a route leads: an upstream, and the model's name there (null: the requested name). */
export type RouteTarget = { readonly upstream: string; readonly model: string | null };

/** A rule from model names to upstreams; the first that matches wins. */
export type RouteSettings = {
  /** A name, or a glob with `*` and `?`. */
  readonly model: string;
  /** They share the work. */
  readonly upstreams: readonly RouteTarget[];
  /** Taken in order, if none of those before can serve. */
  readonly fallbacks: readonly RouteTarget[];
};

const names = ["model", "upstream", "upstreams", "as", "fallbacks"] as const;

const target: JsonSchema = {
  anyOf: [
    { type: "string" },
    {
      type: "object",
      properties: { name: { type: "string" }, model: modelName.schema },
      required: ["name"],
      additionalProperties: false,
    },
  ],
};
const targets: JsonSchema = { anyOf: [target, { type: "array", items: target }] };
const globs: JsonSchema = {
  anyOf: [modelGlob.schema, { type: "array", items: modelGlob.schema }],
};

/** The section's routes in their order, then those of providers that none before them takes. */
export const routesSection: Section<readonly RouteSettings[]> = {
  read: readRoutes,
  schema: {
    type: "array",
    items: {
      type: "object",
      properties: {
        model: { ...globs, description: "names or globs of models" },
        upstream: { ...target, description: "the upstream they go to" },
        upstreams: { ...targets, description: "several upstreams that share the work" },
        as: { ...modelName.schema, description: "the model's name there" },
        fallbacks: { ...targets, description: "upstreams to use if none of the others can serve" },
      },
      required: ["model"],
      additionalProperties: false,
    },
  },
};

function readRoutes(section: Written | null, reading: Reading): RouteSettings[] {
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
    ({ model }) => !globs.some(({ glob }) => coversGlob(glob, model)),
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
  const given = membersIn(item, names, about, reading.fault);
  if (given === null) return [];
  const model = given.get("model");
  if (model === undefined) reading.fault(item.at, `${about} needs a model, a name or a glob`);
  const own = listOf(model).flatMap((written) => {
    const glob = readValue(modelGlob, written, "", `${about} model`, reading.fault);
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
  const calledThere = nameIn(given.get("as"), null, `${about} as`, reading);
  const seen = new Set<string>();
  const targetsOf = (written: Written | undefined): RouteTarget[] =>
    listOf(written).flatMap((one) => {
      const target = targetOf(one, calledThere, about, reading);
      if (target !== null && seen.has(target.upstream)) {
        reading.fault(one.at, `${about} upstream ${target.upstream} is named twice`);
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
      ? membersIn(written, ["name", "model"], `${about} upstream`, reading.fault)
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
  const model = nameIn(given.get("model"), calledThere, `${about} model`, reading);
  return { upstream: name, model };
}

function nameIn(
  written: Written | undefined,
  otherwise: string | null,
  about: string,
  { fault }: Reading,
): string | null {
  return written === undefined ? otherwise : readValue(modelName, written, otherwise, about, fault);
}

/** The upstream of UPSTREAM_URL is called default; undefined where upstreams could not be read. */
function knownIn({ settings }: Reading): string[] | undefined {
  const own = settings.upstreamUrl === null ? [] : ["default"];
  return settings.upstreams && [...settings.upstreams.map(({ name }) => name), ...own];
}

function thereAre(known: readonly string[]): string {
  return known.length === 0 ? "; upstreams names none" : `; there are ${known.join(", ")}`;
}
