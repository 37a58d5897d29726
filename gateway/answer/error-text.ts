import { dialects } from "../dialects/all.ts";
import type { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { Shown } from "./identity-headers.ts";

/** The JSON text that answers an error with its status, in the form of the client's dialect. */
export function bodyOfError(error: GatewayError, shown: Shown): string {
  const { errors, openRouter } = dialects[shown.dialect];
  const { requestId, isOpenRouter } = shown;
  return isOpenRouter ? openRouter.errorBody(error, requestId) : errors.body(error, requestId);
}

/**
 * The same as an event of a stream that has its 200 already.
 * @param sent the model as it was asked for, and the events of an answer of ours so far
 */
export function eventOfError(
  error: GatewayError,
  shown: Shown & Pick<Exchange, "startedAt">,
  sent: { model: string | null; events: number },
): string {
  const { errors, openRouter } = dialects[shown.dialect];
  const { requestId, startedAt, isOpenRouter } = shown;
  if (!isOpenRouter) return errors.event(error, requestId, sent.events);
  return openRouter.errorEvent(error, { requestId, startedAt, ...sent });
}
