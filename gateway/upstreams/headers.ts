import type { IncomingHttpHeaders } from "node:http";
import type { Family } from "../dialects/dialect.ts";
import { addKeyHeaders, addOwnCredentials } from "./key-headers.ts";
import type { Upstream } from "./upstream.ts";

/** Header names in lower case; several values as a list. */
export type Headers = Record<string, string | string[]>;

/** Hop-by-hop (RFC 9110 §7.6.1) and connection-bound names: never forwarded in either direction. */
const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

const notToUpstream = new Set([
  ...hopByHop,
  "host",
  "authorization",
  "x-api-key",
  "x-goog-api-key",
  "cookie",
  "content-length",
  "expect",
  "accept-encoding",
  // With this header llama-server detaches the stream from its client, and goes on generating after
  // the client left.
  "x-conversation-id",
  "forwarded",
  "x-real-ip",
  "true-client-ip",
  "cdn-loop",
  "x-queue-events",
  "x-priority",
  "x-notify",
  "x-gateway-user",
  "x-request-id",
  "request-id",
]);

const notToClient = new Set([
  ...hopByHop,
  "set-cookie",
  "alt-svc",
  "strict-transport-security",
  "x-request-id",
  "request-id",
  "x-queue-position",
]);

/**
 * The upstream's limits on the gateway are not shown, because the gateway's own limits use these
 * header names.
 */
const isLimit = (name: string): boolean =>
  name.startsWith("x-ratelimit-") || name.startsWith("anthropic-ratelimit-");

/** What proxies say of a client, and programs of the people behind their key. */
const isForwardedBy = (name: string): boolean =>
  name.startsWith("cf-") ||
  name.startsWith("x-forwarded-") ||
  name.startsWith("x-openwebui-user-") ||
  name.startsWith("x-librechat-user-");

/**
 * The name that an upstream may read in `name`: CGI and WSGI take `x_gateway_user` and
 * `X-Gateway-User` for one header, so a client must be able to set neither.
 */
const readAs = (name: string): string => (name.includes("_") ? name.replaceAll("_", "-") : name);

/** The names a `Connection` header declares as meant for this hop only. */
function connectionNames(headers: IncomingHttpHeaders): Set<string> | null {
  // Node's own type says string; undici gives a list where a server says it twice (llama.cpp's
  // router).
  const connection: string | readonly string[] | undefined = headers.connection;
  if (!connection) return null;
  return new Set(
    String(connection)
      .split(",")
      .map((name) => name.trim().toLowerCase()),
  );
}

export type AddedHeaders = {
  user: string;
  requestId: string;
  /** The upstream's own key; null where it has none. */
  upstreamKey: string | null;
  /** The family that decides the key's header; `openai` by default. */
  family?: Family;
  /**
   * True if the client's own credentials go to the upstream. Its own key is then used only if the
   * client sent none.
   */
  passthrough?: boolean;
  /** False for a server that may be a provider's: it does not learn the user. */
  isLocal?: boolean;
  /** True where the gateway inflated the body. */
  inflated?: boolean;
  /** Generations ask for `identity`, so that their bytes can be read. */
  identity?: boolean;
  /** Makes the upstream's spans a part of our trace; null leaves the client's header as it is. */
  traceparent?: string | null;
};

/** The part of an upstream that decides the key. */
export function keyOf(
  upstream: Pick<Upstream, "key" | "family" | "passthrough" | "isLocal">,
): Pick<AddedHeaders, "upstreamKey" | "family" | "passthrough" | "isLocal"> {
  const { key: upstreamKey, family, passthrough, isLocal } = upstream;
  return { upstreamKey, family, passthrough, isLocal };
}

const credentials = ["authorization", "x-api-key", "x-goog-api-key"];

/** A client's credentials alone; they reach an upstream only where it takes those. */
export function credentialsOf(client: IncomingHttpHeaders): IncomingHttpHeaders {
  const found = credentials.flatMap((name) => (client[name] ? [[name, client[name]]] : []));
  return Object.fromEntries(found);
}

const secret = new Set([
  ...credentials,
  "cookie",
  "proxy-authorization",
  "cf-access-jwt-assertion",
]);

/** A client's headers without its credentials. */
export function withoutCredentials(client: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(client).filter(([name]) => !secret.has(readAs(name))));
}

/**
 * The headers for an upstream: the client's without credentials, addresses and hop-by-hop headers,
 * plus ours. Applied before either forwarder, and never in a proxy event, which is not called under
 * `Expect`.
 */
export function headersToUpstream(client: IncomingHttpHeaders, added: AddedHeaders): Headers {
  const declared = connectionNames(client);
  const out: Headers = {};
  for (const name in client) {
    const value = client[name];
    const meant = readAs(name);
    if (value === undefined || notToUpstream.has(meant) || isForwardedBy(meant)) continue;
    if (declared?.has(name) || (added.inflated && meant === "content-encoding")) continue;
    out[name] = value;
  }
  if (added.identity) out["accept-encoding"] = "identity";
  if (added.isLocal !== false) out["x-gateway-user"] = headerText(added.user);
  out["x-request-id"] = added.requestId;
  if (added.traceparent) out.traceparent = added.traceparent;
  const { family = "openai", upstreamKey } = added;
  const theirs = added.passthrough === true && addOwnCredentials(out, client, family);
  addKeyHeaders(out, theirs ? null : upstreamKey, family);
  return out;
}

/** Percent-encoded where a name is not plain ASCII, since a header cannot carry it otherwise. */
const headerText = (name: string): string =>
  /^[\x20-\x7e]*$/.test(name) ? name : encodeURIComponent(name);

/**
 * The headers of a stream, so that no proxy on the way keeps events back: nginx would collect them,
 * others would compress them. What else `Cache-Control` says stays.
 */
export function streamHeaders(headers: Headers): Headers {
  const said = String(headers["cache-control"] ?? "no-cache");
  const isKept = /(^|[\s,])no-transform([\s,]|$)/i.test(said);
  return {
    ...headers,
    "cache-control": isKept ? said : `${said}, no-transform`,
    "x-accel-buffering": "no",
  };
}

/**
 * The headers a client gets of an upstream's answer.
 *
 * @param edited - true where bytes of the body change, so that the length no longer holds.
 */
export function headersToClient(upstream: IncomingHttpHeaders, edited: boolean): Headers {
  const declared = connectionNames(upstream);
  const out: Headers = {};
  for (const name in upstream) {
    const value = upstream[name];
    if (value === undefined || notToClient.has(name)) continue;
    if (name.startsWith("access-control-") || isLimit(name) || declared?.has(name)) continue;
    if (edited && name === "content-length") continue;
    out[name] = value;
  }
  return out;
}
