import { networkInterfaces } from "node:os";

/**
 * The addresses by which others reach a gateway that listens at `host` (HOST; null: at all): those
 * of this machine on the LAN, or the loopback address if there is none.
 */
export function addressesOf(host: string | null): string[] {
  if (host !== null && host !== "0.0.0.0" && host !== "::") {
    return [host.includes(":") ? `[${host}]` : host];
  }
  const found = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family }) => !internal && family === "IPv4")
    .map(({ address }) => address);
  return found.length > 0 ? found : ["127.0.0.1"];
}
