import { GatewayError } from "../errors.ts";
import { type Failure, failureOf, reasonOf, ToldFailure } from "../upstreams/failure.ts";

/** An error on its way to another process. */
export type WireError = Pick<
  GatewayError,
  "code" | "message" | "status" | "type" | "shownCode" | "param" | "model" | "headers" | "extra"
> & {
  /** What it tells about an upstream. Its cause, which tells so here, stays in this process. */
  readonly failure: Failure;
};

/** The error as data. `reason` is for logs instead of the client's words. */
export function toWire(error: GatewayError, reason: string = error.message): WireError {
  const { code, status, type, shownCode, param, model, headers, extra } = error;
  const failure = failureOf(error);
  return { code, message: reason, status, type, shownCode, param, model, headers, extra, failure };
}

/** The error for the health of an upstream: never with the upstream's own text. */
export const verdictToWire = (error: GatewayError): WireError => toWire(error, reasonOf(error));

export function fromWire({ code, message, failure, model, ...options }: WireError): GatewayError {
  const cause = new ToldFailure(failure);
  return new GatewayError(code, message, {
    ...options,
    ...(model === null ? {} : { model }),
    cause,
  });
}

/** Anything else is a fault of the keeper, which its own process logs. */
export const asGatewayError = (cause: unknown): GatewayError =>
  cause instanceof GatewayError
    ? cause
    : new GatewayError("internal_error", "The gateway failed on this request.", { cause });
