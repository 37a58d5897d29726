import { createServer } from "node:net";

/** The one address the bench ever talks to: what it does elsewhere would be an attack. */
export const loopback = "127.0.0.1";

/** The port of an `http://127.0.0.1:<port>` URL. Throws for any other address. */
export function loopbackPort(text: string): number {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.protocol !== "http:" || url.hostname !== loopback || url.port === "") {
    throw new Error(`${text}: only http://${loopback}:<port> is measured`);
  }
  return Number(url.port);
}

/** A port that is free at this moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, loopback, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}
