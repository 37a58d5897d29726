import type { IncomingMessage } from "node:http";
import { networkInterfaces } from "node:os";

export type BaseUrlParts = {
  /** The address of the tunnel (PUBLIC_URL), without a final slash; null: not known. */
  publicUrl: string | null;
  /** The main port. */
  port: number;
};

/** Where clients reach the gateway. `tunnel` is null where nobody has said it. */
export type BaseUrls = { lan: string; tunnel: string | null };

/** A host name or address, with or without a port: all that may be put into a link. */
const hostForm = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;

/**
 * The addresses of the gateway as the asker sees it. Of the two one is in the request itself: a
 * browser's `Host` is the address that works for that person.
 */
export function baseUrlsOf(
  { publicUrl, port }: BaseUrlParts,
  request: IncomingMessage,
  isPublic: boolean,
): BaseUrls {
  const { host } = request.headers;
  const own = host !== undefined && hostForm.test(host) ? host : null;
  if (isPublic) {
    const tunnel = publicUrl ?? (own === null ? null : `https://${own}`);
    return { lan: `http://${lanAddress()}:${port}`, tunnel };
  }
  return { lan: `http://${own ?? `${lanAddress()}:${port}`}`, tunnel: publicUrl };
}

/** An address of this machine in its network. In a container it is the container's own. */
function lanAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
}
