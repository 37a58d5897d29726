import type { ServerResponse } from "node:http";
import type { Exchange } from "../exchange.ts";

/** As much of an exchange as every answer says of itself. */
export type Shown = Pick<Exchange, "requestId" | "dialect" | "isOpenRouter">;

/** What every answer says of itself: names and values in turn. */
export function identityHeaders({ requestId, dialect }: Shown): string[] {
  const headers = ["x-request-id", requestId, "x-content-type-options", "nosniff"];
  if (dialect === "messages") headers.push("request-id", requestId);
  return headers;
}

/** The same, for an answer whose head is not written in one go. */
export function setIdentityHeaders(response: ServerResponse, shown: Shown): void {
  const headers = identityHeaders(shown);
  for (let at = 0; at < headers.length; at += 2) {
    response.setHeader(headers[at] ?? "", headers[at + 1] ?? "");
  }
}
