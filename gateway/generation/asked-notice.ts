import type { Identity } from "../auth/identity.ts";
import { GatewayError } from "../errors.ts";
import type { NotifyAddress } from "../kinds/notify-address.ts";
import type { GenerationRequest } from "./read-request.ts";

const header = "x-notify";

type Asked = { identity: Identity; request: Pick<GenerationRequest, "headers"> };

/**
 * Where the user wants to hear of the end of this request (`X-Notify: done`); null: nowhere.
 * @throws GatewayError 400 for a wish that cannot be fulfilled
 */
export function askedNotice({ identity, request }: Asked): NotifyAddress | null {
  const wish = request.headers[header];
  if (wish === undefined || wish === "") return null;
  const fault = (text: string): GatewayError =>
    new GatewayError("invalid_request", text, { param: "X-Notify" });
  if (wish !== "done") throw fault("X-Notify must be done, or be left out.");
  const { notify } = identity;
  if (notify !== null) return notify;
  throw fault(
    "X-Notify: there is no address for you. An administrator sets it: users set NAME --notify ADDRESS.",
  );
}
