import type { IncomingHttpHeaders } from "node:http";
import type { TargetName } from "../dialects/hub/target.ts";
import { type AnswerWatch, createConvertedAnswer } from "./converted-answer.ts";
import { type ConvertedBody, createConvertedBody } from "./converted-body.ts";
import { convertedHeaders } from "./converted-headers.ts";
import { forward, type Outbound } from "./forward.ts";
import type { Upstream } from "./upstream.ts";

/** Sends a hub provider's requests, and tells how they ended. */
export type ConvertedFetch = {
  readonly fetch: typeof fetch;
  /** The head of the upstream's last answer; `{}` before there is one. */
  headers(): IncomingHttpHeaders;
  /** True once the upstream has begun to answer with success. */
  hasAnswered(): boolean;
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

/** Statuses without a body. */
const bodiless = new Set([204, 205]);

function requestOf(outbound: Outbound, path: string, init: RequestInit): Outbound {
  const headers = convertedHeaders(outbound.headers, init.headers);
  const body = bytesOf(init.body);
  return { ...outbound, method: "POST", path, headers, body };
}

function responseOf(status: number, type: string, { stream }: ConvertedBody): Response {
  const bytes = bodiless.has(status) ? null : stream;
  return new Response(bytes, { status, headers: { "content-type": type } });
}

/**
 * Sends through `forward`, on the upstream's own connections and with the headers that the road
 * made. Aborting `stop` ends what is under way.
 *
 * @param answer - `stream`: the upstream is asked for a stream
 * @param watch - sees what the upstream answers, before it is converted
 */
export function createConvertedFetch(
  upstream: Upstream,
  outbound: Outbound,
  { stream: streams, target }: { stream: boolean; target: TargetName },
  stop: AbortController,
  watch: AnswerWatch,
): ConvertedFetch {
  const underWay: Promise<void>[] = [];
  let seen: IncomingHttpHeaders = {};
  let failure: unknown = null;
  let answered = false;

  function send(path: string, init: RequestInit): Promise<Response> {
    return new Promise((resolve, reject) => {
      let body: ConvertedBody | null = null;
      const passage = forward(
        upstream.connections,
        requestOf(outbound, path, init),
        {
          head(status, headers) {
            seen = headers;
            answered = true;
            const type = String(headers["content-type"] ?? "").toLowerCase();
            const answer = createConvertedAnswer({ target, streams, type, watch });
            body = createConvertedBody(answer, (reason) => stop.abort(reason));
            resolve(responseOf(status, type, body));
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
      watch.asked?.();
      return send(pathname + search, init ?? {});
    },
    headers: () => seen,
    hasAnswered: () => answered,
    failure: () => failure,
    async settled() {
      await Promise.all(underWay);
    },
  };
}
