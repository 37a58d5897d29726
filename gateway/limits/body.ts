import type { IncomingMessage, ServerResponse } from "node:http";
import type { Transform } from "node:stream";
import { GatewayError } from "../errors.ts";
import type { StopSignal } from "../stop-signal.ts";
import { BodyRoom } from "./body-room.ts";
import { BodyStore } from "./body-store.ts";
import { type Collecting, collect } from "./collect-body.ts";
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
export type Body = {
  readonly bytes: Buffer;
  readonly inflated: boolean;
  readonly free: () => void;
};

/** A body that is larger than may be kept: its beginning is in memory, and the rest streams. */
export type StreamedBody = { stream: Upload; free(): void };

/** Who sends a body. `signal` aborts when they leave. */
export type BodySender = { user: string; signal: StopSignal };

export type BodyReader = {
  /** Throws or rejects with 408, 413, 415 or 503; with `signal.reason` when the client left. */
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
  const open = (user: string, { headers }: IncomingMessage, inflated: boolean): HeldBody => {
    const expected = Number(headers["content-length"] ?? 0);
    return new HeldBody(room, user, { maxBytes, expected, inflated });
  };
  return {
    read(request, response, { user, signal }) {
      const inflate = inflaterFor(contentEncodingOf(request.headers));
      if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
      allow(request, response);
      const held = open(user, request, inflate !== null);
      return collect<Body>(request, inflate, held, { signal, timeoutMs });
    },
    readAhead(request, response, { user, signal }, watch) {
      allow(request, response);
      const held = open(user, request, false);
      let beyond: Buffer | null = null;
      const into: Collecting<Body | StreamedBody> = {
        take(chunk) {
          watch?.piece(chunk);
          const fitting = chunk.subarray(0, maxBytes - held.length);
          held.keep(fitting);
          if (fitting.length < chunk.length) beyond = chunk.subarray(fitting.length);
          return beyond === null;
        },
        result(isWhole) {
          if (isWhole) {
            watch?.end();
            return held;
          }
          const windowMs = Math.min(rateWindowMs, timeoutMs);
          const stream = new Upload(request, { begun: held.bytes, minRate, windowMs, watch });
          if (beyond !== null) stream.push(beyond);
          return { stream, free: held.free };
        },
        free: held.free,
      };
      return collect(request, null, into, { signal, timeoutMs });
    },
  };
}

/** The bytes of a body, which count in the room until they are freed. */
class HeldBody implements Body, Collecting<Body> {
  readonly inflated: boolean;
  readonly #room: BodyRoom;
  readonly #user: string;
  readonly #maxBytes: number;
  readonly #store: BodyStore;
  #counted = 0;

  constructor(
    room: BodyRoom,
    user: string,
    about: { maxBytes: number; expected: number; inflated: boolean },
  ) {
    const { maxBytes, expected, inflated } = about;
    this.inflated = inflated;
    this.#room = room;
    this.#user = user;
    this.#maxBytes = maxBytes;
    this.#store = new BodyStore(maxBytes, Math.min(expected, maxBytes));
  }

  get length(): number {
    return this.#store.length;
  }

  get bytes(): Buffer {
    return this.#store.bytes();
  }

  keep(chunk: Buffer): void {
    this.#room.take(this.#user, chunk.length);
    this.#counted += chunk.length;
    this.#store.add(chunk);
  }

  take(chunk: Buffer): boolean {
    if (this.#store.length + chunk.length > this.#maxBytes) throw tooLarge(this.#maxBytes);
    this.keep(chunk);
    return true;
  }

  result(): Body {
    return this;
  }

  readonly free = (): void => {
    this.#room.give(this.#user, this.#counted);
    this.#counted = 0;
    this.#store.free();
  };
}

/** The client of a refused request is never asked for its body. */
function allow(request: IncomingMessage, response: ServerResponse): void {
  const { expect } = request.headers;
  if (expect !== undefined && /^100-continue$/i.test(expect)) response.writeContinue();
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
