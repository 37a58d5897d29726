import { isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import { request } from "undici";
import { type Finding, warn } from "../../upstreams/inspect/finding.ts";

/**
 * Whether the LAN reaches a model server without a key: then people can walk around the gateway.
 * @param url - of an upstream without a key that answers
 */
export async function checkOpenServer(
  url: string,
  lanAddresses: readonly string[] = ownLanAddresses(),
): Promise<Finding[]> {
  const { hostname, port, protocol } = new URL(url);
  if (isLanAddress(hostname)) return [open(url)];
  if (!["localhost", "[::1]"].includes(hostname) && !hostname.startsWith("127.")) return [];
  for (const address of lanAddresses) {
    const there = `${protocol}//${address}${port === "" ? "" : `:${port}`}`;
    if (await answers(there)) return [open(there)];
  }
  return [];
}

const open = (url: string): Finding =>
  warn(
    "open",
    `The LAN reaches the model server without a key (${url}): people can walk around the gateway.`,
    "Let it listen on 127.0.0.1 or on Docker's address, or give it a key: docs/operations.md, An upstream on the same machine.",
  );

/** A private address, but for Docker's own network. */
function isLanAddress(hostname: string): boolean {
  if (!isIPv4(hostname) || hostname.startsWith("172.17.")) return false;
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(hostname);
}

function ownLanAddresses(): string[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !/^(docker|br-|veth)/.test(name))
    .flatMap(([, list]) => list ?? [])
    .filter(({ internal, family }) => !internal && family === "IPv4")
    .map(({ address }) => address);
}

async function answers(base: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(2_000);
    const { statusCode, body } = await request(`${base}/v1/models`, { signal });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}
