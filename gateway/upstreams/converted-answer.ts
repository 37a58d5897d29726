import { answerKind } from "../dialects/answer-kind.ts";
import { assembleMessage } from "../dialects/anthropic/assembled-message.ts";
import { assembleGemini } from "../dialects/gemini/assembled-gemini.ts";
import type { TargetName } from "../dialects/hub/target.ts";
import { endOfJson, topLevelFields } from "../dialects/json/json-scan.ts";
import { type Assembly, assembleChat } from "../dialects/openai-chat/assembly.ts";
import { assembleResponse } from "../dialects/openai-responses/assembled-response.ts";
import { refuseError } from "../dialects/refuse-error.ts";
import { eventData } from "../dialects/sse/event-data.ts";
import { createSseChecker } from "../dialects/sse/sse-checker.ts";
import { sse } from "../dialects/sse/sse-framing.ts";
import { eventsOfWhole, mendedPieces, mendedWhole } from "../dialects/sse/sse-mended.ts";
import { GatewayError } from "../errors.ts";

/** Sees what an upstream sent, before it is converted. */
export type AnswerWatch = {
  /** One whole event, as latin1 text: one character a byte. */
  event(event: string): void;
  /** A whole JSON answer. */
  body(bytes: Buffer): void;
  /** The request is written in the upstream's words, and is being sent. */
  asked?: (() => void) | undefined;
};

export type ConvertedAnswerOptions = {
  readonly target: TargetName;
  /** The hub reads a stream; else one JSON value. */
  readonly streams: boolean;
  /** The answer's Content-Type, in lower case; `""` for none. */
  readonly type: string;
  readonly watch: AnswerWatch;
};

/** Turns what an upstream sends into what the hub can read. All three throw a GatewayError. */
export type ConvertedAnswer = {
  /** What the hub may have of it now; empty for nothing yet. */
  push(chunk: Buffer): Buffer;
  end(): Buffer;
  /** True once the answer is complete, though its numbers may follow. */
  readonly complete: boolean;
  /** True once nothing more can follow. */
  readonly ended: boolean;
};

/** An answer that is not streamed is no longer than this, nor a stream. Bytes. */
const maxWhole = 64 * 1024 * 1024;
const maxStream = 256 * 1024 * 1024;

const nothing = Buffer.alloc(0);

/** The bytes decide what an answer is, as on the road without conversion. */
export function createConvertedAnswer(options: ConvertedAnswerOptions): ConvertedAnswer {
  let start: Buffer = nothing;
  let reader: ConvertedAnswer | null = null;
  let size = 0;
  const { type, streams } = options;
  const expected = { type, streams, isRead: true, eventType: sse.mediaType };

  function readerFor(isAll: boolean): ConvertedAnswer | null {
    const kind = answerKind(start, isAll, expected);
    if (kind === null) return null;
    if (kind === "page") {
      const text = "The upstream answered with a web page instead of JSON.";
      throw new GatewayError("upstream_error", text);
    }
    if (kind === "json") return wholeAnswer(options);
    if (kind === "events") return options.streams ? streamedAnswer(options) : assembled(options);
    // No type, or another one, and bytes that are neither: as the hub expects them.
    return options.streams ? streamedAnswer(options) : wholeAnswer(options);
  }

  function read(isAll: boolean): Buffer {
    reader = readerFor(isAll);
    return reader === null ? nothing : reader.push(start);
  }

  return {
    get complete() {
      return reader?.complete ?? false;
    },
    get ended() {
      return reader?.ended ?? false;
    },
    push(chunk) {
      size += chunk.length;
      if (size > (options.streams ? maxStream : maxWhole)) {
        throw new GatewayError("upstream_error", "The upstream's answer is too long.");
      }
      if (reader !== null) return reader.push(chunk);
      start = start.length === 0 ? chunk : Buffer.concat([start, chunk]);
      return read(false);
    },
    end() {
      const out = reader === null ? read(true) : nothing;
      return Buffer.concat([out, reader?.end() ?? nothing]);
    },
  };
}

function streamedAnswer({ target, watch }: ConvertedAnswerOptions): ConvertedAnswer {
  return createSseChecker(target, watch.event);
}

/** A JSON answer, which is read at its end. */
function wholeAnswer({ target, streams, watch }: ConvertedAnswerOptions): ConvertedAnswer {
  const pieces: Buffer[] = [];
  return {
    complete: false,
    ended: false,
    push(chunk) {
      pieces.push(chunk);
      return nothing;
    },
    end() {
      const all = Buffer.concat(pieces);
      const fields = topLevelFields(all);
      const end = endOfJson(all, fields);
      // What stands behind the JSON (a `[DONE]`) is no part of it.
      const body = end < 0 ? all : all.subarray(0, end);
      refuseError(body, fields, null);
      watch.body(body);
      if (streams) return asStream(target, body);
      return mendedWhole(body, target);
    },
  };
}

/** A whole answer to a request for a stream. */
function asStream(target: TargetName, body: Buffer): Buffer {
  const events = eventsOfWhole(body, target);
  if (events !== null) return Buffer.from(events);
  const text = "The upstream answered with JSON instead of a stream.";
  throw new GatewayError("upstream_error", text);
}

/** Puts the events of each API together. */
const assemblies: Readonly<Record<TargetName, () => Assembly>> = {
  openai: assembleChat,
  responses: assembleResponse,
  anthropic: assembleMessage,
  google: assembleGemini,
};

/** A stream to a request for a whole answer. */
function assembled({ target, watch }: ConvertedAnswerOptions): ConvertedAnswer {
  const assembly = assemblies[target]();
  const checker = createSseChecker(target, (event) => {
    watch.event(event);
    for (const piece of mendedPieces(eventData(event), target)) assembly.add(piece);
  });
  return {
    complete: false,
    get ended() {
      return checker.ended;
    },
    push(chunk) {
      checker.push(chunk);
      return nothing;
    },
    end() {
      checker.end();
      const answer = assembly.answer(assembly.upstreamId ?? "");
      const body = Buffer.from(JSON.stringify(answer));
      // The chunks of a chat were mended one by one.
      return target === "openai" ? body : mendedWhole(body, target);
    },
  };
}
