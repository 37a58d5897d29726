import type { Mode } from "./limit.ts";
import type { LimitFields } from "./limit-fields.ts";

export type GeneralLimits = {
  /** Whether the five limits below count. */
  readonly areOn: boolean;
  readonly requests: number | null;
  readonly tokens: number | null;
  readonly tokensPerDay: number | null;
  readonly tokensPerMonth: number | null;
  readonly upstreamSeconds: number | null;
  readonly mode: Mode;
  /** The defaults of `limits`. They count whether the general ones do or not. */
  readonly defaults: LimitFields;
  /** The options of the middleware `rate_limit`; null: it is not listed. */
  readonly listed: LimitFields | null;
};

/** The layers of limits that count for everybody, the least first. */
export function layersForAll(general: GeneralLimits): readonly LimitFields[] {
  const { areOn, mode, defaults, listed } = general;
  const layer = { windowMs: null, mode, fields: {} };
  const first = areOn ? { ...layer, fields: fieldsOf(general) } : layer;
  return listed === null ? [first, defaults] : [first, defaults, listed];
}

function fieldsOf(general: GeneralLimits): LimitFields["fields"] {
  const limit = (max: number | null) => ({ max, windowMs: null, mode: null });
  return {
    requests: limit(general.requests),
    tokens: limit(general.tokens),
    tokens_per_day: limit(general.tokensPerDay),
    tokens_per_month: limit(general.tokensPerMonth),
    upstream_seconds: limit(general.upstreamSeconds),
  };
}
