import type { IncomingMessage, ServerResponse } from "node:http";
import type { Ear } from "../telemetry/ear.ts";
import { answerJson } from "./answer-json.ts";
import type { Viewer } from "./gateway-call.ts";

export type ListenParts = { ear: Pick<Ear, "listen" | "heard"> };

/** `POST /me/listen`: listens for the asker's next request of the API, for 5 minutes. */
export function startListening(
  { ear }: ListenParts,
  { exchange, identity }: Viewer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  request.resume();
  const until = ear.listen(identity.user, Date.now());
  answerJson(response, exchange, { until: new Date(until).toISOString() });
}

/** `GET /me/listen`: how it arrived, without any text of it. */
export function showHeard(
  { ear }: ListenParts,
  { exchange, identity }: Viewer,
  response: ServerResponse,
): void {
  const { until, request } = ear.heard(identity.user, Date.now());
  answerJson(response, exchange, {
    until: until === null ? null : new Date(until).toISOString(),
    request:
      request === null
        ? null
        : {
            at: new Date(request.at).toISOString(),
            method: request.method,
            path: request.path,
            header_names: request.headerNames,
            fields: request.fields,
            fault: request.fault,
          },
  });
}
