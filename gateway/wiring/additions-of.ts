import { type Loaded, loadMiddlewares } from "../middlewares/load-middlewares.ts";
import { createTracer, type Tracer } from "../middlewares/trace.ts";
import type { TraceSettings } from "../settings/read-middlewares.ts";
import type { MiddlewareSettings } from "../settings/routing-settings.ts";

/** What config.yaml adds to the road. */
export type Additions = {
  /** `auth: none`, in so many words. */
  readonly isOpen: boolean;
  /** The options of `rate_limit`; null: it is not listed. */
  readonly rateLimit: Readonly<Record<string, unknown>> | null;
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
    rateLimit: optionsOf("rate_limit"),
    tracer: trace === null ? null : createTracer({ ...(trace as TraceSettings), onTrouble }),
    middlewares: await loadMiddlewares(
      list.filter(({ name }) => !builtIn.has(name)),
      cwd,
    ),
  };
}
