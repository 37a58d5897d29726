import { createRequire } from "node:module";
import type * as undici from "undici";

const load = createRequire(import.meta.url);

// The parts in use, by their own files: the whole package, with its fetch, caches and mocks, costs
// a start 8 MB and 60 ms. undici-parts.test.ts holds them to be the very ones of the package.

export const Client: typeof undici.Client = load("undici/lib/dispatcher/client.js");
export const Pool: typeof undici.Pool = load("undici/lib/dispatcher/pool.js");
export const buildConnector: typeof undici.buildConnector = load("undici/lib/core/connect.js");
export const errors: typeof undici.errors = load("undici/lib/core/errors.js");
