import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Readable, Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { GatewayError } from "../errors.ts";
import { Pieces } from "./pieces.ts";
import { streamedBody } from "./streamed-body.ts";

export type BodyLimits = {
  /** The largest body, after inflating. Bytes. */
  maxBytes: number;
  /** The most of all bodies in memory, those of waiting requests included. Bytes. */
  maxHeldBytes: number;
  /** The longest pause between two pieces of a body. Milliseconds. */
  timeoutMs: number;
};

/** A body in memory, and the room it takes until it is freed. */
export type Body = { bytes: Buffer; inflated: boolean; free(): void };

export type BodyReader = {
  /** Rejects with 408, 413, 415 or 503; with `signal.reason` when the client left. */
  read(request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<Body>;
  /** A body that is not read here: it streams, and is read ahead while memory allows. */
  stream(request: IncomingMessage, response: ServerResponse): StreamedBody;
};

/** A streaming body, and the memory that reading ahead may use until it is freed. */
export type StreamedBody = { body: Readable; aheadBytes: number; free(): void };

/** How much is read ahead if memory is short. Bytes. */
const leastAhead = 64 * 1024;

const inflaters: Record<string, () => Transform> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** Reads request bodies into memory, each bounded in size and time, and all of them together. */
export function createBodyReader(limits: BodyLimits): BodyReader {
  let held = 0;

  function take(bytes: number): void {
    if (held + bytes > limits.maxHeldBytes) {
      throw new GatewayError(
        "memory_full",
        "The gateway holds too many large requests. Try again in a few seconds.",
        { headers: { "retry-after": "5" } },
      );
    }
    held += bytes;
  }

  return {
    stream(request, response) {
      const declared = Number(request.headers["content-length"] ?? limits.maxBytes);
      const wanted = Math.max(leastAhead, Math.min(declared, limits.maxBytes));
      const aheadBytes = held + wanted <= limits.maxHeldBytes ? wanted : leastAhead;
      if (request.headers.expect !== undefined) response.writeContinue();
      let mine = aheadBytes;
      held += mine;
      const free = (): void => {
        held -= mine;
        mine = 0;
      };
      const body = streamedBody(request, { aheadBytes, timeoutMs: limits.timeoutMs });
      return { body, aheadBytes, free };
    },
    async read(request, response, signal) {
      const inflate = inflaterOf(contentEncodingOf(request.headers));
      const declared = Number(request.headers["content-length"] ?? 0);
      if (declared > limits.maxBytes) throw tooLarge(limits.maxBytes);
      // Only here: the client of a refused request is never asked for its body.
      if (/^100-continue$/i.test(request.headers.expect ?? "")) response.writeContinue();
      let mine = 0;
      const count = (bytes: number): void => {
        if (mine + bytes > limits.maxBytes) throw tooLarge(limits.maxBytes);
        take(bytes);
        mine += bytes;
      };
      const free = (): void => {
        held -= mine;
        mine = 0;
      };
      try {
        const bytes = await collect(request, inflate, { count, signal, ...limits });
        return { bytes, inflated: inflate !== null, free };
      } catch (error) {
        free();
        throw error;
      }
    },
  };
}

/** How a body is compressed, in lower case (RFC 9110 §8.4.1); null where it is not. */
export function contentEncodingOf(headers: IncomingHttpHeaders): string | null {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "";
  return encoding === "" || encoding === "identity" ? null : encoding;
}

function inflaterOf(encoding: string | null): Transform | null {
  if (encoding === null) return null;
  const create = inflaters[encoding];
  if (create) return create();
  throw new GatewayError(
    "unsupported_encoding",
    "This Content-Encoding is not supported; send gzip, br, deflate, or no encoding.",
    { headers: { "accept-encoding": "gzip, br, deflate" } },
  );
}

const tooLarge = (maxBytes: number): GatewayError =>
  new GatewayError("body_too_large", `The body is larger than ${maxBytes} bytes (MAX_BODY_BYTES).`);

type Collecting = { count: (bytes: number) => void; signal: AbortSignal; timeoutMs: number };

/**
 * The bytes of a body, in order; ends by itself when the sender stops, leaves, or sends too much.
 */
function collect(
  request: IncomingMessage,
  inflate: Transform | null,
  { count, signal, timeoutMs }: Collecting,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const source = inflate === null ? request : request.pipe(inflate);
    const pieces = new Pieces();
    const timer = setTimeout(() => {
      fail(new GatewayError("body_timeout", "The body did not arrive in time (BODY_TIMEOUT)."));
    }, timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
      source.off("data", keep).off("end", done);
      if (inflate !== null) request.unpipe(inflate);
      request.pause();
    };
    const fail = (error: unknown): void => {
      settle();
      inflate?.destroy();
      reject(error);
    };
    const leave = (): void => fail(signal.reason);
    const keep = (chunk: Buffer): void => {
      timer.refresh();
      try {
        count(chunk.length);
        pieces.add(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const done = (): void => {
      settle();
      resolve(pieces.joined());
    };
    signal.addEventListener("abort", leave, { once: true });
    source.on("data", keep).once("end", done);
    inflate?.once("error", () => {
      fail(new GatewayError("invalid_request", "The body is not valid for its Content-Encoding."));
    });
    // If the sender breaks off, `signal` aborts too. Without a listener the error would be thrown.
    request.once("error", (cause) => fail(new GatewayError("client_closed", "Left.", { cause })));
    if (signal.aborted) leave();
  });
}
