import { type Loaded, loadMiddlewares, type Named } from "./load-middlewares.ts";
import { createTracer, type Tracer } from "./trace.ts";
import type { TraceFilesOptions } from "./trace-files.ts";

export type OpenMiddlewaresOptions = {
  /** The list of the config file, in its order. */
  readonly middlewares: readonly Named[];
  /** Paths of middlewares are relative to it. */
  readonly cwd: string;
  readonly onTraceTrouble: (message: string) => void;
};

/** What the list of config.yaml adds; what it leaves out stays on. */
export type OpenMiddlewares = {
  /** True for `auth: none`. */
  readonly isOpen: boolean;
  /** The options of `rate_limit`; null: it is not listed. */
  readonly rateLimit: Readonly<Record<string, unknown>> | null;
  /** Writes exchanges to files; null: `trace` is not listed. */
  readonly tracer: Tracer | null;
  /** The user's own middlewares, in their order. */
  readonly own: readonly Loaded[];
};

const builtIn = new Set(["auth", "rate_limit", "trace"]);

/** Opens the middlewares. Throws an Error with one line for one that cannot be loaded. */
export async function openMiddlewares(options: OpenMiddlewaresOptions): Promise<OpenMiddlewares> {
  const { middlewares, cwd, onTraceTrouble: onTrouble } = options;
  const optionsOf = (name: string) => middlewares.find((one) => one.name === name)?.options ?? null;
  // The settings have checked the options of `trace`.
  const trace = optionsOf("trace") as Omit<TraceFilesOptions, "onTrouble"> | null;
  const own = middlewares.filter(({ name }) => !builtIn.has(name));
  return {
    isOpen: optionsOf("auth")?.mode === "none",
    rateLimit: optionsOf("rate_limit"),
    tracer: trace === null ? null : createTracer({ ...trace, onTrouble }),
    own: await loadMiddlewares(own, cwd),
  };
}
