import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { GatewayError } from "../errors.ts";
import { bodyOfError } from "./error-text.ts";
import type { Shown } from "./identity-headers.ts";

/** A client that does not take its refusal in time is let go. Milliseconds. */
const lingerMs = 2_000;

/**
 * Answers an upgrade that does not take place: a plain HTTP answer on the bare socket, then its
 * end.
 *
 * @param firstPlace - of one that was accepted: its first place in line, 0 where it did not wait
 */
export function refuseUpgrade(
  socket: Socket,
  shown: Shown,
  error: GatewayError,
  firstPlace: number | null = null,
): void {
  if (socket.destroyed || !socket.writable) return;
  const body = bodyOfError(error, shown);
  const headers = {
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    "x-request-id": shown.requestId,
    ...(firstPlace === null ? {} : { "x-queue-position": String(firstPlace) }),
    connection: "close",
    ...error.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const reason = STATUS_CODES[error.status] ?? "Error";
  // Half-closed it would stay open for ever: an upgraded socket is not read, so its end is not seen.
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once("finish", () => socket.destroySoon()).once("close", () => clearTimeout(timer));
  socket.end(`HTTP/1.1 ${error.status} ${reason}\r\n${lines.join("\r\n")}\r\n\r\n${body}`);
}
