import type { ServerResponse } from "node:http";
import { dialects } from "../dialects/all.ts";
import type { Exchange } from "../exchange.ts";

/** What of an exchange decides the form of its errors and the headers of its answer. */
export type Shown = Pick<Exchange, "requestId" | "dialect" | "isOpenRouter">;

/** The headers that every answer has: names and values in turn. */
export function identityHeaders({ requestId, dialect }: Shown): string[] {
  const headers = ["x-request-id", requestId, "x-content-type-options", "nosniff"];
  const own = dialects[dialect].headers.requestId;
  if (own !== null) headers.push(own, requestId);
  return headers;
}

/** The same, for an answer whose head is not written in one go. */
export function setIdentityHeaders(response: ServerResponse, shown: Shown): void {
  const headers = identityHeaders(shown);
  for (let at = 0; at < headers.length; at += 2) {
    response.setHeader(headers[at] ?? "", headers[at + 1] ?? "");
  }
}
