import { createServer } from "node:net";

/**
 * The port itself, or for 0 the number of one that is free now. Workers must all be told the same
 * number: node:cluster gives one socket to all that ask for port 0, of other gateways in this
 * process too.
 */
export async function freePort(port: number, host: string | null): Promise<number> {
  if (port !== 0) return port;
  const server = createServer();
  return await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: 0, ...(host === null ? {} : { host }) }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });
}
