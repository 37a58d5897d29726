import { type DialectName, dialects } from "./all.ts";
import type { Dialect, Kind } from "./dialect.ts";

/**
 * What a method on a path is: the dialect of its client, whether it makes the upstream generate,
 * and whether the gateway reads its body (else the body is opaque and streamed through).
 */
export type Endpoint = Readonly<{ dialect: DialectName; kind: Kind; json: boolean }>;

const all: readonly Dialect[] = Object.values(dialects);

const readingMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS"]);

/** The generations whose body we read, by their path. */
const generations: ReadonlyMap<string, Endpoint> = new Map(
  all.flatMap(({ name, paths }) => paths.generations.map((path) => [path, generation(name)])),
);

const questions: ReadonlySet<string> = new Set(all.flatMap(({ paths }) => paths.questions));
const reads: ReadonlySet<string> = new Set(all.flatMap(({ paths }) => paths.reads));
const readsUnder: readonly string[] = all.flatMap(({ paths }) => paths.readsUnder);
const cancels: readonly string[] = all.flatMap(({ paths }) => paths.cancels);

/** The dialects whose paths hold the model. They have no place in a table of paths. */
const withModelInPath = all.flatMap(({ name, paths: { kindAt } }) => {
  if (kindAt === null) return [];
  const question: Endpoint = Object.freeze({ dialect: name, kind: "read", json: false });
  return [{ kindAt, generation: generation(name), question }];
});

/** Longest first; the first that the path is, or lies under, names the dialect. */
const places: readonly (readonly [string, DialectName])[] = all
  .flatMap(({ name, paths }) => paths.under.map((place) => [place, name] as const))
  .sort(([a], [b]) => b.length - a.length);

const roots: readonly string[] = [...new Set(all.flatMap(({ paths }) => paths.root ?? []))];

/** Paths that lie under no root. */
const alone: readonly string[] = all
  .flatMap(({ paths }) => [...paths.generations, ...paths.questions, ...paths.reads])
  .filter((path) => !roots.some((root) => path.startsWith(root)));

/** All that is passed on, or answered in the form of those APIs; `/api/v1` is an alias. */
export const apiPaths: RegExp = new RegExp(
  `^(?:(?:/api)?/v1/|${roots.join("|")}|(?:${alone.join("|")})$)`,
);

function generation(dialect: DialectName): Endpoint {
  return Object.freeze({ dialect, kind: "generation", json: true });
}

function dialectAt(path: string): DialectName {
  for (const [place, dialect] of places) {
    if (!path.startsWith(place)) continue;
    if (path.length === place.length || path.charCodeAt(place.length) === 47) return dialect;
  }
  return "openai";
}

function isCancel(path: string): boolean {
  if (!path.endsWith("/cancel")) return false;
  for (const prefix of cancels) {
    if (!path.startsWith(prefix)) continue;
    const slash = path.indexOf("/", prefix.length);
    return slash > prefix.length && slash === path.length - "/cancel".length;
  }
  return false;
}

function isRead(method: string, path: string): boolean {
  if (readingMethods.has(method) || questions.has(path) || reads.has(path)) return true;
  return readsUnder.some((prefix) => path.startsWith(prefix)) || isCancel(path);
}

/** A read that is asked where the model is that it names. */
export function asksOfModel(method: string, path: string): boolean {
  if (method !== "POST") return false;
  return questions.has(path) || withModelInPath.some((one) => one.kindAt(path) === "question");
}

/**
 * The generation that a POST to this target is, if its path stands in the table as it is, with
 * nothing to be judged; else undefined.
 */
export const generationAt = (target: string): Endpoint | undefined => generations.get(target);

/**
 * The one table: method and judged path (no query, no `/api` of the alias) → endpoint. The
 * dialects fill it.
 *
 * GET, HEAD, DELETE and OPTIONS read. Everything that is not known to read counts as a generation:
 * an unknown POST, and PUT, PATCH or any other method too, since an upstream may route by path
 * alone, and work that is neither metered nor queued costs more than a slot held for a moment.
 * A WebSocket upgrade is a GET here: its listener must treat it as a generation itself.
 */
export function endpointOf(method: string, path: string): Endpoint {
  if (method === "POST") {
    const endpoint = generations.get(path);
    if (endpoint !== undefined) return endpoint;
    for (const one of withModelInPath) {
      const kind = one.kindAt(path);
      if (kind !== null) return one[kind];
    }
  }
  const kind = isRead(method, path) ? "read" : "generation";
  return { dialect: dialectAt(path), kind, json: false };
}
