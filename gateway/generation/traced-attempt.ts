import { GatewayError } from "../errors.ts";
import type { Telemetry } from "../telemetry/events.ts";
import type { AttemptSpan } from "../telemetry/tracing.ts";
import { modelAt } from "../upstreams/destination.ts";
import { kindOf, type Upstream } from "../upstreams/upstream.ts";
import type { Accepted } from "./reserve.ts";

/** One try at an upstream, with its span if requests are traced. */
export function tracedAttempt(
  { telemetry }: { telemetry: Pick<Telemetry, "tracing"> },
  accepted: Accepted,
  upstream: Upstream,
  attempt: (span: AttemptSpan | null) => Promise<void>,
): Promise<void> {
  const { tracing } = telemetry;
  return tracing === null ? attempt(null) : traced(tracing, accepted, upstream, attempt);
}

async function traced(
  tracing: NonNullable<Telemetry["tracing"]>,
  { exchange, destination, request }: Accepted,
  upstream: Upstream,
  attempt: (span: AttemptSpan) => Promise<void>,
): Promise<void> {
  const { name, origin } = upstream;
  const model = modelAt(destination, upstream) ?? request.fields.model;
  const span = tracing.asks(exchange, {
    name,
    origin,
    model,
    provider: providerOf(upstream, model),
  });
  try {
    await attempt(span);
    span.ended(null);
  } catch (error) {
    span.ended(error instanceof GatewayError ? error.code : "internal_error");
    throw error;
  }
}

function providerOf(upstream: Upstream, model: string | null): string {
  const { type, family } = upstream;
  if (type !== "auto") return type;
  return kindOf(upstream, model) === "llamacpp" ? "llamacpp" : family;
}
