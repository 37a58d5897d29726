import type { IncomingMessage, ServerResponse } from "node:http";
import { isJsonObject, type JsonObject } from "../json-object.ts";
import type { Ear } from "../telemetry/ear.ts";
import { answerJson } from "./answer-json.ts";
import type { Viewer } from "./gateway-call.ts";

export type ListenParts = {
  ear: Pick<Ear, "listen" | "heard">;
  /** The answers of the other gateways of the cluster to the same; null: there is none. */
  askOthers: ((request: IncomingMessage) => Promise<readonly unknown[]>) | null;
};

/**
 * `POST /me/listen`: listens for the asker's next request of the API, for 5 minutes. It may come to
 * any gateway of a cluster.
 */
export async function startListening(
  { ear, askOthers }: ListenParts,
  { exchange, identity }: Viewer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume();
  const until = ear.listen(identity.user, Date.now());
  await askOthers?.(request);
  answerJson(response, exchange, { until: new Date(until).toISOString() });
}

/** `GET /me/listen`: how it arrived, without any text of it. */
export async function showHeard(
  { ear, askOthers }: ListenParts,
  { exchange, identity }: Viewer,
  asked: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { until, request } = ear.heard(identity.user, Date.now());
  const elsewhere = request === null && askOthers !== null ? heardIn(await askOthers(asked)) : null;
  answerJson(response, exchange, {
    until: until === null ? null : new Date(until).toISOString(),
    request:
      request === null
        ? elsewhere
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

/** The request that another gateway has heard; null: none has. */
function heardIn(answers: readonly unknown[]): JsonObject | null {
  const heard = answers.flatMap((one) =>
    isJsonObject(one) && isJsonObject(one.request) ? [one.request] : [],
  );
  return heard.toSorted((a, b) => String(a.at).localeCompare(String(b.at)))[0] ?? null;
}
