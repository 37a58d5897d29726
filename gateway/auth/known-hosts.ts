import { isIP } from "node:net";
import { GatewayError } from "../errors.ts";

/** Names that no public name server answers for. */
const localNames = /^(?:[\w-]+|[\w.-]+\.(?:localhost|local|lan|home\.arpa|internal))$/;

/** Throws a GatewayError (421) if the gateway does not answer to this `Host` header. */
export type RefuseForeignHost = (host: string | undefined) => void;

/**
 * A web page that has its own name point to the gateway's address (DNS rebinding) sends that name as
 * `Host`, and needs no key where none is asked. So only addresses, local names and the names in
 * ALLOWED_HOSTS are answered there. A request without `Host` comes from no browser.
 * @param allowed - names in lower case, without ports; `*` is any
 */
export function createKnownHosts(allowed: readonly string[]): RefuseForeignHost {
  const isAny = allowed.includes("*");
  return (host) => {
    if (isAny || host === undefined || host === "") return;
    const name = nameIn(host);
    if (isIP(name) !== 0 || localNames.test(name) || allowed.includes(name)) return;
    throw new GatewayError(
      "unknown_host",
      `This gateway does not answer to the name in the Host header (${shown(name)}). Use its ` +
        "address, or add the name to ALLOWED_HOSTS.",
    );
  };
}

/** The name without port, brackets and final dot, in lower case. */
function nameIn(host: string): string {
  const [, address, name = host] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host) ?? [];
  return address ?? name.toLowerCase().replace(/\.$/, "");
}

const shown = (name: string): string => name.replace(/[^\x21-\x7e]/g, "?").slice(0, 100);
