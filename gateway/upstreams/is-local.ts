import { isIP } from "node:net";
import { createNetworks } from "../auth/networks.ts";

/** Names that no public name server answers for. */
const localNames = /^(?:[\w-]+|[\w.-]+\.(?:localhost|local|lan|home\.arpa|internal))$/i;

const isPrivate = createNetworks([
  ...["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"],
  ...["100.64.0.0/10", "::1", "fc00::/7", "fe80::/10"],
]);

/**
 * Whether a server is in the house: at a private address or under a local name. Any other server
 * may be a provider's, which must not learn who asks.
 */
export function isLocalServer({ hostname }: URL): boolean {
  const name = hostname.replace(/^\[|\]$/g, "");
  return isIP(name) === 0 ? localNames.test(name) : isPrivate(name);
}
