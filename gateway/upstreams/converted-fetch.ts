import type { IncomingHttpHeaders } from "node:http";
import type { TargetName } from "../dialects/hub/target.ts";
import { createSseChecker } from "../dialects/sse/sse-checker.ts";
import { mendedWhole } from "../dialects/sse/sse-mended.ts";
import { type ConvertedBody, createConvertedBody } from "./converted-body.ts";
import { convertedHeaders } from "./converted-headers.ts";
import { forward, type Outbound } from "./forward.ts";
import type { Upstream } from "./upstream.ts";

/** Sends a hub provider's requests, and tells how they ended. */
export type ConvertedFetch = {
  readonly fetch: typeof fetch;
  /** The head of the upstream's last answer; `{}` before there is one. */
  headers(): IncomingHttpHeaders;
  /** Why a request failed; null while none did. */
  failure(): unknown;
  /** Resolves when nothing of it is under way: every socket is closed or free. */
  settled(): Promise<void>;
};

/** A provider writes text. A large request comes as bytes. */
function bytesOf(body: RequestInit["body"]): Buffer {
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.length);
  return Buffer.from(String(body ?? ""));
}

/** A stream is looked at event by event; any other answer is mended when it is whole. */
function bodyFor(stream: boolean, target: TargetName, stop: AbortController): ConvertedBody {
  return createConvertedBody(
    stream ? createSseChecker(target) : null,
    (whole) => mendedWhole(whole, target),
    (reason) => stop.abort(reason),
  );
}

/** Statuses without a body. */
const bodiless = new Set([204, 205]);

/**
 * Sends through `forward`, on the upstream's own connections and with the headers that the road
 * made. Aborting `stop` ends what is under way.
 *
 * @param answer - `stream`: the upstream is asked for a stream, and anything else is a cut one.
 */
export function createConvertedFetch(
  upstream: Upstream,
  outbound: Outbound,
  { stream, target }: { stream: boolean; target: TargetName },
  stop: AbortController,
): ConvertedFetch {
  const underWay: Promise<void>[] = [];
  let seen: IncomingHttpHeaders = {};
  let failure: unknown = null;

  function send(path: string, init: RequestInit): Promise<Response> {
    return new Promise((resolve, reject) => {
      let body: ConvertedBody | null = null;
      const passage = forward(
        upstream.connections,
        {
          ...outbound,
          method: "POST",
          path,
          headers: convertedHeaders(outbound.headers, init.headers),
          body: bytesOf(init.body),
        },
        {
          head(status, headers) {
            seen = headers;
            const type = String(headers["content-type"] ?? "");
            body = bodyFor(stream, target, stop);
            const bytes = bodiless.has(status) ? null : body.stream;
            resolve(new Response(bytes, { status, headers: { "content-type": type } }));
          },
          data: (chunk) => body?.data(chunk) ?? true,
          whenDrained: (resume) => body?.whenDrained(resume),
          isComplete: () => body?.isComplete() ?? false,
        },
        stop.signal,
      );
      const ended = (error: unknown): void => {
        if (error !== null) failure ??= error;
        body?.end(error);
        if (error !== null) reject(error);
      };
      underWay.push(passage.then(() => ended(null), ended));
    });
  }

  return {
    // Only the path is the provider's business; a server elsewhere is never asked.
    fetch: (input, init) => {
      const { pathname, search } = new URL(String(input));
      return send(pathname + search, init ?? {});
    },
    headers: () => seen,
    failure: () => failure,
    async settled() {
      await Promise.all(underWay);
    },
  };
}
