import type { ServerResponse } from "node:http";
import { type Shown, setIdentityHeaders } from "../answer/identity-headers.ts";

/** Answers a call about people: no cache may keep it. */
export function answerJson(
  response: ServerResponse,
  shown: Shown,
  body: object,
  status: number = 200,
): void {
  setIdentityHeaders(response, shown);
  response.setHeader("cache-control", "no-store");
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
