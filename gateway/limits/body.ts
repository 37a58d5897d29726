import type { IncomingMessage, ServerResponse } from "node:http";
import type { Transform } from "node:stream";
import { GatewayError } from "../errors.ts";
import { BodyRoom } from "./body-room.ts";
import { BodyStore } from "./body-store.ts";
import { collect } from "./collect-body.ts";
import { contentEncodingOf, inflaterOf, knownCodings } from "./content-coding.ts";
import { type BodyWatch, Upload } from "./upload.ts";

export type BodyLimits = {
  /** The largest body, after inflating. Bytes. */
  maxBytes: number;
  /** The most of all bodies in memory, those of waiting requests included. Bytes. */
  maxHeldBytes: number;
  /** The longest pause between two pieces of a body. Milliseconds. */
  timeoutMs: number;
  /** The least rate of a body that streams while it holds a slot. Bytes a second. */
  minUploadRate: number;
};

/** A body in memory, and the room it takes until it is freed. */
export type Body = { bytes: Buffer; inflated: boolean; free(): void };

/** A body that is larger than may be kept: its beginning is in memory, and the rest streams. */
export type StreamedBody = { stream: Upload; free(): void };

/** Who sends a body. `signal` aborts when they leave. */
export type BodySender = { user: string; signal: AbortSignal };

export type BodyReader = {
  /** Rejects with 408, 413, 415 or 503; with `signal.reason` when the client left. */
  read(request: IncomingMessage, response: ServerResponse, sender: BodySender): Promise<Body>;
  /**
   * The same for a body that may stream: it is read as far as may be kept, and never inflated.
   * `watch` sees each piece of it.
   */
  readAhead(
    request: IncomingMessage,
    response: ServerResponse,
    sender: BodySender,
    watch: BodyWatch | null,
  ): Promise<Body | StreamedBody>;
};

/** The longest time in which a stalled upload keeps its slot. Milliseconds. */
const rateWindowMs = 10_000;

/**
 * Reads request bodies into memory, each bounded in size and time, and all of them together. What
 * counts are the bytes that came, not those that a client has declared.
 */
export function createBodyReader(limits: BodyLimits): BodyReader {
  const room = new BodyRoom(limits.maxHeldBytes);
  const { maxBytes, timeoutMs, minUploadRate: minRate } = limits;
  const open = (user: string, { headers }: IncomingMessage): HeldBody => {
    const expected = Number(headers["content-length"] ?? 0);
    return holdBody(room, user, new BodyStore(maxBytes, Math.min(expected, maxBytes)));
  };
  return {
    async read(request, response, { user, signal }) {
      const inflate = inflaterFor(contentEncodingOf(request.headers));
      if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
      allow(request, response);
      const { store, keep, free } = open(user, request);
      const take = (chunk: Buffer): boolean => {
        if (store.length + chunk.length > maxBytes) throw tooLarge(maxBytes);
        keep(chunk);
        return true;
      };
      try {
        await collect(request, inflate, { take, signal, timeoutMs });
        return { bytes: store.bytes(), inflated: inflate !== null, free };
      } catch (error) {
        free();
        throw error;
      }
    },
    async readAhead(request, response, { user, signal }, watch) {
      allow(request, response);
      const { store, keep, free } = open(user, request);
      let beyond: Buffer | null = null;
      const take = (chunk: Buffer): boolean => {
        watch?.piece(chunk);
        const fitting = chunk.subarray(0, maxBytes - store.length);
        keep(fitting);
        if (fitting.length < chunk.length) beyond = chunk.subarray(fitting.length);
        return beyond === null;
      };
      try {
        const isWhole = await collect(request, null, { take, signal, timeoutMs });
        const bytes = store.bytes();
        if (isWhole) {
          watch?.end();
          return { bytes, inflated: false, free };
        }
        const windowMs = Math.min(rateWindowMs, timeoutMs);
        const stream = new Upload(request, { begun: bytes, minRate, windowMs, watch });
        if (beyond !== null) stream.push(beyond);
        return { stream, free };
      } catch (error) {
        free();
        throw error;
      }
    },
  };
}

/** The bytes of a body, which count until `free`. */
type HeldBody = { readonly store: BodyStore; keep(chunk: Buffer): void; free(): void };

function holdBody(room: BodyRoom, user: string, store: BodyStore): HeldBody {
  let mine = 0;
  return {
    store,
    keep(chunk) {
      room.take(user, chunk.length);
      mine += chunk.length;
      store.add(chunk);
    },
    free() {
      room.give(user, mine);
      mine = 0;
      store.free();
    },
  };
}

/** The client of a refused request is never asked for its body. */
function allow(request: IncomingMessage, response: ServerResponse): void {
  if (/^100-continue$/i.test(request.headers.expect ?? "")) response.writeContinue();
}

function inflaterFor(coding: string | null): Transform | null {
  if (coding === null) return null;
  const inflater = inflaterOf(coding);
  if (inflater !== undefined) return inflater;
  throw new GatewayError(
    "unsupported_encoding",
    `The Content-Encoding '${coding.slice(0, 40)}' is not supported. Send one of ${knownCodings}, or no encoding.`,
    { headers: { "accept-encoding": knownCodings } },
  );
}

const tooLarge = (maxBytes: number): GatewayError =>
  new GatewayError("body_too_large", `The body is larger than ${maxBytes} bytes (MAX_BODY_BYTES).`);
