import type { TakeFault } from "../kinds/members.ts";
import type { PlainSettings } from "./plain-table.ts";
import type { MiddlewareSettings } from "./read-middlewares.ts";
import type { UpstreamSettings } from "./upstream-members.ts";

/** What the reader of a section may ask, and where it tells faults. */
export type Reading = {
  /** Those read already; one that was wrong is missing. */
  readonly settings: Partial<PlainSettings> & {
    readonly middlewares?: readonly MiddlewareSettings[];
    readonly upstreams?: readonly UpstreamSettings[];
  };
  /** A variable of the environment or of `.env`; undefined if it is not set. */
  readonly variable: (name: string) => string | undefined;
  /** Whether there is a file of this path. */
  readonly exists: (path: string) => boolean;
  readonly fault: TakeFault;
};
