import { dialects } from "../dialects/all.ts";
import type { BrokenStream } from "../dialects/stream-error.ts";
import type { GatewayError } from "../errors.ts";
import type { Shown } from "./identity-headers.ts";

/** The JSON text that answers an error with its status, in the form of the client's dialect. */
export function bodyOfError(error: GatewayError, shown: Shown): string {
  const { errors, openRouter } = dialects[shown.dialect];
  const { requestId, isOpenRouter } = shown;
  return isOpenRouter ? openRouter.errorBody(error, requestId) : errors.body(error, requestId);
}

/** The same as an event of a stream that has its 200 already. */
export function eventOfError(error: GatewayError, shown: Shown, stream: BrokenStream): string {
  const { errors, openRouter } = dialects[shown.dialect];
  return shown.isOpenRouter ? openRouter.errorEvent(error, stream) : errors.event(error, stream);
}
