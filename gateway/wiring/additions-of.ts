import type { LimitFields } from "../limits/limit-fields.ts";
import { type Loaded, loadMiddlewares } from "../middlewares/load-middlewares.ts";
import { createTracer, type Tracer } from "../middlewares/trace.ts";
import type { MiddlewareSettings, TraceSettings } from "../settings/read-middlewares.ts";

/** What config.yaml adds to the road. */
export type Additions = {
  /** `auth: none`, in so many words. */
  readonly isOpen: boolean;
  /** The options of `rate_limit`; null: it is not listed. */
  readonly rateLimit: LimitFields | null;
  readonly tracer: Tracer | null;
  /** Those of one's own, in their order. */
  readonly middlewares: readonly Loaded[];
};

const builtIn = new Set(["auth", "rate_limit", "trace"]);

/**
 * The list adds to the fixed road: what it leaves out stays on. Throws an Error with one line for a
 * middleware that cannot be loaded.
 */
export async function additionsOf(
  list: readonly MiddlewareSettings[],
  { onTrouble, cwd }: { onTrouble: (message: string) => void; cwd: string },
): Promise<Additions> {
  const optionsOf = (name: string) => list.find((one) => one.name === name)?.options ?? null;
  const trace = optionsOf("trace");
  return {
    isOpen: optionsOf("auth")?.mode === "none",
    rateLimit: optionsOf("rate_limit") as LimitFields | null,
    tracer: trace === null ? null : createTracer({ ...(trace as TraceSettings), onTrouble }),
    middlewares: await loadMiddlewares(
      list.filter(({ name }) => !builtIn.has(name)),
      cwd,
    ),
  };
}
