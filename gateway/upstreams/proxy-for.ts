import { BlockList, isIP } from "node:net";

/** The environment variables of proxies. Lower case has precedence, as everywhere. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The HTTP proxy for a URL, by HTTP_PROXY, HTTPS_PROXY and NO_PROXY; null for none. NO_PROXY lists
 * names (with all below them), addresses, networks (`10.0.0.0/8`), each with a port or without, or
 * `*`. This machine itself is never asked for through a proxy.
 */
export function proxyFor(url: string, env: ProxyEnvironment): string | null {
  const { protocol, hostname, port } = new URL(url);
  const isHttps = protocol === "https:";
  const found =
    env[isHttps ? "https_proxy" : "http_proxy"] ?? env[isHttps ? "HTTPS_PROXY" : "HTTP_PROXY"];
  const proxy = found?.trim();
  if (!proxy) return null;
  const host = bare(hostname);
  if (isThisMachine(host)) return null;
  const without = env.no_proxy ?? env.NO_PROXY ?? "";
  const target = { host, port: port || (isHttps ? "443" : "80") };
  if (without.split(/[\s,]+/).some((entry) => entry !== "" && covers(entry, target))) return null;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
}

const bare = (host: string): string =>
  host
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/(.)\.$/, "$1")
    .toLowerCase();

function isThisMachine(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost") || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}

function covers(entry: string, { host, port }: { host: string; port: string }): boolean {
  if (entry === "*") return true;
  const parts = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(entry);
  // More than one colon and no brackets: an IPv6 address.
  const name = bare(parts?.[1] ?? entry);
  if (parts?.[2] !== undefined && parts[2] !== port) return false;
  if (name === "*") return true;
  if (name.includes("/")) return isIn(name, host);
  if (name.startsWith("*.")) return host.endsWith(name.slice(1));
  const suffix = name.startsWith(".") ? name.slice(1) : name;
  return host === suffix || (isIP(host) === 0 && host.endsWith(`.${suffix}`));
}

function isIn(network: string, host: string): boolean {
  const [base = "", bits = ""] = network.split("/");
  const family = isIP(base);
  const prefix = Number(bits);
  if (family === 0 || isIP(host) !== family || !/^\d+$/.test(bits)) return false;
  if (prefix > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const kind = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(base, prefix, kind);
  return list.check(host, kind);
}
