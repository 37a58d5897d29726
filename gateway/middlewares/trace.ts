import type { IncomingMessage, ServerResponse } from "node:http";
import type { Exchange } from "../exchange.ts";
import { maskedHeaders } from "./masked-headers.ts";
import { createTraceFiles, type TraceFilesOptions } from "./trace-files.ts";

/** A piece of the answer: whole events where it streams. */
type Piece = { readonly at_ms: number; readonly data: string };

/** The most that is kept of a request's body, and of an answer. Bytes. */
const mostOfEach = 4 * 1024 * 1024;

/** The record of one exchange. It is written when the answer has ended in any way. */
export type Trace = {
  /** The user and the request. */
  asked(asked: { user: string; model: string | null; body: Buffer | null }): void;
};

export type Tracer = {
  begin(exchange: Exchange, request: IncomingMessage, response: ServerResponse): Trace;
  /** Resolves when all that ended is written. */
  close(): Promise<void>;
};

/**
 * Writes each request and its answer to a file. Bodies are prompts, so traces are off by default.
 * The client's stream never waits for a trace.
 */
export function createTracer(options: TraceFilesOptions): Tracer {
  const files = createTraceFiles(options);
  return {
    begin(exchange, request, response) {
      let who: Parameters<Trace["asked"]>[0] = { user: "", model: null, body: null };
      const answer = recordAnswer(exchange, response, mostOfEach);
      response.once("close", () => {
        // Else requests without a key could push all other traces out and fill the disk.
        if (who.user === "") return;
        const { id, requestId, startedAt, method, path, dialect, isPublic, address } = exchange;
        const text = JSON.stringify({
          id,
          request_id: requestId,
          started_at: new Date(startedAt).toISOString(),
          duration_ms: round(performance.now() - exchange.startedMono),
          user: who.user,
          model: who.model,
          dialect,
          public: isPublic,
          address,
          request: {
            method,
            path,
            headers: maskedHeaders(request.headers),
            ...bodyOf(who.body, mostOfEach),
          },
          response: {
            status: response.headersSent ? response.statusCode : null,
            finished: response.writableFinished,
            headers: maskedHeaders(response.getHeaders()),
            ...answer(),
          },
        });
        files.write(startedAt, id, text);
      });
      return {
        asked(asked) {
          who = asked;
        },
      };
    },
    close: files.close,
  };
}

/** Copies what is written to the client while it passes. Returns the copy. */
function recordAnswer(
  exchange: Exchange,
  response: ServerResponse,
  maxBytes: number,
): () => { pieces: readonly Piece[]; truncated: boolean } {
  const pieces: { at: number; bytes: Buffer }[] = [];
  let kept = 0;
  let truncated = false;
  const keep = (chunk: unknown, encoding: unknown): void => {
    if (typeof chunk !== "string" && !Buffer.isBuffer(chunk)) return;
    if (chunk.length === 0) return;
    const room = maxBytes - kept;
    truncated ||= chunk.length > room;
    if (room <= 0) return;
    const name = typeof encoding === "string" ? (encoding as BufferEncoding) : "utf8";
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk, name);
    pieces.push({ at: performance.now(), bytes: bytes.subarray(0, room) });
    kept += Math.min(bytes.length, room);
  };
  const { write, end } = response;
  const bound = {
    write: write.bind(response) as (...given: unknown[]) => boolean,
    end: end.bind(response) as (...given: unknown[]) => ServerResponse,
  };
  response.write = (...given: unknown[]): boolean => {
    keep(given[0], given[1]);
    return bound.write(...given);
  };
  response.end = (...given: unknown[]): ServerResponse => {
    keep(given[0], given[1]);
    return bound.end(...given);
  };
  return () => ({
    pieces: pieces.map(({ at, bytes }) => ({
      at_ms: round(at - exchange.startedMono),
      data: bytes.toString(),
    })),
    truncated,
  });
}

function bodyOf(body: Buffer | null, maxBytes: number): object {
  if (body === null) return { body: null };
  const truncated = body.length > maxBytes;
  return { body: body.toString("utf8", 0, Math.min(body.length, maxBytes)), truncated };
}

const round = (ms: number): number => Math.round(ms * 10) / 10;
