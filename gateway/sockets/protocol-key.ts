import type { IncomingHttpHeaders } from "node:http";

/** A browser cannot set headers on a WebSocket: OpenAI's clients put the key into a subprotocol. */
const mark = "openai-insecure-api-key.";

/**
 * The headers with the key of such a subprotocol as `Authorization`, and without the subprotocol: it
 * is never passed on, and no log shows it.
 */
export function withProtocolKey(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { "sec-websocket-protocol": protocols, ...rest } = headers;
  if (protocols === undefined || !protocols.includes(mark)) return headers;
  const all = protocols.split(",").map((one) => one.trim());
  const key = all.find((one) => one.startsWith(mark))?.slice(mark.length) ?? "";
  const others = all.filter((one) => !one.startsWith(mark)).join(", ");
  return {
    ...(key === "" ? {} : { authorization: `Bearer ${key}` }),
    ...rest,
    ...(others === "" ? {} : { "sec-websocket-protocol": others }),
  };
}
