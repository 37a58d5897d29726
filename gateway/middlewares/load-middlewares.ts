import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { CreateMiddleware, Middleware } from "./middleware.ts";

/** One entry of the list: the path of its file, and its options. */
export type Named = {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
};

/** A middleware that runs, and what it is called in errors. */
export type Loaded = { readonly name: string; readonly run: Middleware };

/**
 * Loads middlewares of one's own, in their order. Throws an Error with one line that names the file
 * and what is wrong with it.
 */
export async function loadMiddlewares(named: readonly Named[], cwd: string): Promise<Loaded[]> {
  const loaded: Loaded[] = [];
  for (const { name, options } of named) {
    const create = await exported(name, resolve(cwd, name));
    const run = await create(options);
    if (typeof run !== "function") throw new Error(`middleware ${name}: must return a function`);
    loaded.push({ name, run });
  }
  return loaded;
}

async function exported(name: string, file: string): Promise<CreateMiddleware> {
  let found: { default?: unknown; middleware?: unknown };
  try {
    found = await import(pathToFileURL(file).href);
  } catch (error) {
    const [reason = ""] = String(error instanceof Error ? error.message : error).split("\n", 1);
    throw new Error(`middleware ${name}: cannot be loaded (${reason.slice(0, 200)})`);
  }
  const create = found.default ?? found.middleware;
  if (typeof create === "function") return create as CreateMiddleware;
  throw new Error(`middleware ${name}: must export a function, by default or as "middleware"`);
}
