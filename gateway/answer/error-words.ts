import { errorBody, errorEvent } from "../dialects/error-body.ts";
import {
  openRouterErrorBody,
  openRouterErrorEvent,
} from "../dialects/openrouter/openrouter-error.ts";
import type { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";

/** As much of an exchange as decides in which words its errors are told. */
export type Addressed = Pick<Exchange, "requestId" | "dialect" | "isOpenRouter">;

/** The JSON text that answers an error with its status, in the words of whoever asked. */
export function bodyOfError(error: GatewayError, to: Addressed): string {
  const { dialect, requestId, isOpenRouter } = to;
  const write = isOpenRouter ? openRouterErrorBody : errorBody;
  return write(error, dialect, requestId);
}

/**
 * The same inside a stream that has its 200 already.
 * @param told the model as it was asked for, and the events of a response sent so far
 */
export function eventOfError(
  error: GatewayError,
  to: Addressed & Pick<Exchange, "startedAt">,
  told: { model: string | null; events: number },
): string {
  const { dialect, requestId, startedAt, isOpenRouter } = to;
  if (!isOpenRouter) return errorEvent(error, dialect, requestId, told.events);
  return openRouterErrorEvent(error, dialect, { requestId, startedAt, ...told });
}
