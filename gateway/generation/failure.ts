import { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { RoadParts } from "./parts.ts";

/** What is not a GatewayError is a fault of ours: logged whole, and shown as no more than that. */
export function asGatewayError(
  { telemetry }: Pick<RoadParts, "telemetry">,
  exchange: Exchange,
  error: unknown,
): GatewayError {
  if (error instanceof GatewayError && error.code !== "internal_error") return error;
  telemetry.internalError(exchange, error);
  if (error instanceof GatewayError) return error;
  return new GatewayError("internal_error", "The gateway failed on this request.", {
    cause: error,
  });
}
