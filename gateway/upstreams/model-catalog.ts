import { GatewayError } from "../errors.ts";
import type { CatalogEntry } from "./model-entries.ts";
import { readModelList } from "./read-model-list.ts";
import { upstreamTrouble } from "./trouble.ts";
import type { Upstream } from "./upstream.ts";

export type CatalogOptions = {
  /** In the order of settings: where several list a model, the first is named first. */
  upstreams: readonly Upstream[];
  /** How long a list is good for. Milliseconds, as both. */
  freshMs: number;
  timeoutMs: number;
  /** What asking shows of an upstream. */
  onAnswered?: (name: string) => void;
  /** The list of an upstream has come. */
  onList?: (name: string, entries: readonly CatalogEntry[]) => void;
  onFailed?: (name: string, error: GatewayError) => void;
  /** Milliseconds, monotonic. */
  now?: () => number;
};

/** The models of all upstreams, as last heard. */
export type ModelCatalog = {
  /**
   * What is known, once every upstream has been asked once. Rejects with a GatewayError where
   * nothing is, and nothing can be had.
   *
   * @param reloads - has servers look for new models, at most once in `freshMs`, and waits for that
   */
  read(reloads?: boolean): Promise<readonly CatalogEntry[]>;
  /** What is known now. Like all three, has old lists asked for again behind it. */
  entries(): readonly CatalogEntry[];
  /** The names of the upstreams that list a model, in order. */
  listedBy(model: string): readonly string[];
};

type List = {
  upstream: Upstream;
  entries: readonly CatalogEntry[] | null;
  askedAt: number;
  reloadedAt: number;
  asking: Promise<void> | null;
  error: GatewayError | null;
};

const nobody: readonly string[] = Object.freeze([]);

const never = Number.NEGATIVE_INFINITY;

const unasked = (upstream: Upstream): List => {
  const asked = { askedAt: never, reloadedAt: never, asking: null };
  return { upstream, entries: null, ...asked, error: null };
};

/**
 * Joins what the upstreams list. Each is asked at most once in `freshMs` and once at a time, since
 * pages and editors ask often; old lists are served while new ones are on their way, and an
 * upstream that is away keeps the list it had.
 */
export function createModelCatalog(options: CatalogOptions): ModelCatalog {
  const { freshMs, timeoutMs, onAnswered, onFailed, onList } = options;
  const now = options.now ?? (() => performance.now());
  const lists = options.upstreams.map(unasked);
  let joined: readonly CatalogEntry[] = [];
  let byModel: ReadonlyMap<string, readonly string[]> = new Map();

  async function ask(list: List, reloads: boolean): Promise<void> {
    const { name } = list.upstream;
    try {
      list.entries = await readModelList(list.upstream, timeoutMs, reloads);
      list.error = null;
      onAnswered?.(name);
      onList?.(name, list.entries);
    } catch (cause) {
      list.error = cause instanceof GatewayError ? cause : upstreamTrouble(cause);
      onFailed?.(name, list.error);
      if (list.error.code === "upstream_loading") list.entries = loading(list.entries);
    }
    list.asking = null;
    joined = Object.freeze(lists.flatMap(({ entries }) => entries ?? []));
    byModel = upstreamsByModel(joined);
  }

  function refresh(reloads = false): void {
    for (const list of lists) {
      const since = now() - (reloads ? list.reloadedAt : list.askedAt);
      if (list.asking !== null || since < freshMs) continue;
      list.askedAt = now();
      if (reloads) list.reloadedAt = list.askedAt;
      list.asking = ask(list, reloads);
    }
  }

  return {
    async read(reloads = false) {
      if (reloads) {
        await allOf(lists);
        refresh(true);
        await allOf(lists);
      }
      refresh();
      const nothing = lists.every(({ entries }) => entries === null);
      // An upstream that was down already is not waited for, unless it is the only one.
      const awaited = lists.filter((list) => list.entries === null && (nothing || !list.error));
      await allOf(awaited);
      const error = lists.find((list) => list.error !== null)?.error;
      if (error && lists.every(({ entries }) => entries === null)) throw error;
      return joined;
    },
    entries() {
      refresh();
      return joined;
    },
    listedBy(model) {
      refresh();
      return byModel.get(model) ?? nobody;
    },
  };
}

const allOf = (lists: readonly List[]): Promise<unknown> =>
  Promise.all(lists.map(({ asking }) => asking));

/** The names of the upstreams that list each model, in order. */
function upstreamsByModel(entries: readonly CatalogEntry[]): ReadonlyMap<string, string[]> {
  const byModel = new Map<string, string[]>();
  for (const { id, upstream } of entries) {
    const names = byModel.get(id);
    if (names === undefined) byModel.set(id, [upstream]);
    else if (!names.includes(upstream)) names.push(upstream);
  }
  return byModel;
}

/** A server that loads lists nothing; the models that it had are shown as loading. */
function loading(entries: readonly CatalogEntry[] | null): readonly CatalogEntry[] | null {
  return entries?.map((entry) => ({ ...entry, status: "loading" })) ?? null;
}
