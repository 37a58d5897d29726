import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace";

/** The sampler of OTEL_TRACES_SAMPLER. */
export function samplerNamed(name: string, ratio: number): Sampler {
  const [, parent, own] = /^(parentbased_)?(.*)$/.exec(name) ?? [];
  const root = rootSampler(own, ratio);
  return parent === undefined ? root : new ParentBasedSampler({ root });
}

function rootSampler(name: string | undefined, ratio: number): Sampler {
  if (name === "always_off") return new AlwaysOffSampler();
  if (name === "traceidratio") return new TraceIdRatioBasedSampler(ratio);
  return new AlwaysOnSampler();
}
