import type { Socket } from "node:net";
import { isJsonObject, jsonOrNull } from "../../json-object.ts";
import type { SessionKeys } from "./handshake.ts";
import type { Connection, Hello, Listener } from "./ports.ts";
import { createSealedTexts } from "./sealed-texts.ts";

/**
 * Says hello over a socket that is proved. Calls `met` with the connection when the other side has
 * said hello, and from then on its listener.
 */
export function meet(
  socket: Socket,
  keys: SessionKeys,
  own: Hello,
  met: (connection: Connection) => Listener,
): void {
  let listener: Listener | null = null;
  const texts = createSealedTexts({
    ...{ socket, keys },
    said(text) {
      if (listener !== null) {
        listener.said(text);
        return;
      }
      const hello = helloIn(text);
      if (hello === null) {
        socket.destroy();
        return;
      }
      const connection = { hello, send: texts.send, destroy: () => void socket.destroy() };
      const told = met(connection);
      listener = told;
      socket.once("close", () => told.closed());
    },
  });
  texts.send(JSON.stringify(own));
}

function helloIn(text: string): Hello | null {
  const hello = jsonOrNull(text);
  if (!isJsonObject(hello)) return null;
  const { protocol, version, gateway, shape } = hello;
  if (typeof protocol !== "number" || typeof version !== "string") return null;
  if (typeof gateway !== "string" || !isJsonObject(shape)) return null;
  const texts = Object.entries(shape).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as const] : [],
  );
  return { protocol, version, gateway, shape: Object.fromEntries(texts) };
}
