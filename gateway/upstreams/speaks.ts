import { type DialectName, dialects } from "../dialects/all.ts";
import { GatewayError } from "../errors.ts";
import type { Upstream } from "./upstream.ts";

/**
 * Whether a request of this dialect may pass as it is. Servers of the OpenAI family may know
 * Messages and Responses too: that is assumed until one has shown otherwise.
 */
export function isNative({ family, type, lacks }: Upstream, dialect: DialectName): boolean {
  const { native, onlyType } = dialects[dialect].upstreams;
  if (onlyType !== null && onlyType !== type) return false;
  return native.includes(family) && !lacks.has(dialect);
}

/** Whether the upstream can be asked in its own dialect instead. */
export function isConvertible({ family }: Upstream, dialect: DialectName): boolean {
  const { conversion, ownOf } = dialects[dialect].upstreams;
  return conversion !== null && ownOf !== family;
}

/** Whether the upstream can be asked at all. */
export function canServe(upstream: Upstream, dialect: DialectName, path: string): boolean {
  if (isNative(upstream, dialect)) return true;
  const { conversion } = dialects[dialect].upstreams;
  return isConvertible(upstream, dialect) && conversion?.takes(path) === true;
}

/** How servers answer a path that they do not know, or do not take. */
const unknownPath: ReadonlySet<number> = new Set([404, 405, 501]);

/** Whether an upstream's error may mean that it does not know this path. */
export function lacksPath(error: unknown): boolean {
  return error instanceof GatewayError && unknownPath.has(error.status);
}
