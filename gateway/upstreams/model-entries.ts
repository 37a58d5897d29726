import { contextLengthIn } from "../dialects/context-length.ts";
import type { Family } from "../dialects/dialect.ts";
import { isJsonObject, type JsonObject } from "../json-object.ts";
import { publicFields } from "./public-fields.ts";
import { shownUpstream } from "./shown-upstream.ts";

/** `loaded` answers at once; null: its server does not say. */
export type ModelStatus = "loaded" | "loading" | "sleeping" | "unloaded";

/** A model as one upstream lists it. */
export type CatalogEntry = {
  readonly id: string;
  /** Unix seconds; 0 where its server does not say. */
  readonly created: number;
  readonly ownedBy: string;
  /** The upstream's name. */
  readonly upstream: string;
  /** Tokens. */
  readonly contextLength: number | null;
  readonly status: ModelStatus | null;
  /** What else its server says of it that people may know, under its own names. */
  readonly raw: JsonObject;
};

const statuses: Readonly<Record<string, ModelStatus>> = {
  loaded: "loaded",
  loading: "loading",
  // Of llama-server's router: it loads it afterwards.
  downloading: "loading",
  sleeping: "sleeping",
  unloaded: "unloaded",
};

/** The models on one page of an upstream's list; what has no name is left out. */
export function entriesOf(family: Family, page: JsonObject, upstream: string): CatalogEntry[] {
  const lists = family === "google" ? [page.models, page.data] : [page.data, page.models];
  const items = lists.find((list) => Array.isArray(list));
  if (!Array.isArray(items)) return [];
  const read = readers[family];
  const entries: CatalogEntry[] = [];
  for (const item of items) {
    // Some servers list names alone.
    const model = typeof item === "string" ? { id: item, name: item } : item;
    const entry = isJsonObject(model) ? read(model, upstream) : null;
    if (entry !== null && entry.id !== "") entries.push(entry);
  }
  return entries;
}

const readers: Readonly<
  Record<Family, (item: JsonObject, upstream: string) => CatalogEntry | null>
> = { openai, anthropic, google };

function openai(item: JsonObject, upstream: string): CatalogEntry | null {
  const { id: told, object: _object, created, owned_by: ownedBy, ...raw } = item;
  // Servers with lists of their own form name a model by another field.
  const names = [told, item.model, item.name, item.model_name, item.key];
  const id = names.find((name) => typeof name === "string" && name !== "") ?? told;
  if (typeof id === "number") return openai({ ...item, id: String(id) }, upstream);
  if (typeof id !== "string") return null;
  return {
    id,
    created: wholeOr(created, 0),
    ownedBy: typeof ownedBy === "string" && ownedBy !== "" ? ownedBy : shownUpstream(upstream),
    upstream,
    contextLength: contextLengthIn(raw),
    status: statusOf(raw.status),
    raw: publicFields(raw),
  };
}

/** llama-server's router: `{"status":{"value":"sleeping"}}`. */
function statusOf(status: unknown): ModelStatus | null {
  const value = isJsonObject(status) ? status.value : null;
  return typeof value === "string" && Object.hasOwn(statuses, value)
    ? (statuses[value] ?? null)
    : null;
}

function anthropic(item: JsonObject, upstream: string): CatalogEntry | null {
  const { id, type: _type, created_at: at, ...raw } = item;
  if (typeof id !== "string") return null;
  const created = typeof at === "string" ? Math.floor(Date.parse(at) / 1000) : 0;
  return {
    id,
    created: wholeOr(created, 0),
    ownedBy: "anthropic",
    upstream,
    contextLength: contextLengthIn(raw),
    status: null,
    raw,
  };
}

function google(item: JsonObject, upstream: string): CatalogEntry | null {
  const { name, ...raw } = item;
  if (typeof name !== "string") return null;
  return {
    id: name.startsWith("models/") ? name.slice("models/".length) : name,
    created: 0,
    ownedBy: "google",
    upstream,
    contextLength: contextLengthIn(raw),
    status: null,
    raw,
  };
}

const wholeOr = (value: unknown, otherwise: number): number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : otherwise;
