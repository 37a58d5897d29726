/** What an answer is, by its bytes: events, JSON, a web page, or something else. */
export type AnswerKind = "events" | "json" | "page" | "bytes";

/** What an upstream said of its answer, and what the client asked for. */
export type ExpectedAnswer = {
  /** Its Content-Type, in lower case; `""` for none. */
  readonly type: string;
  /** The request is one of an API that is read: its answer is events or JSON, whatever the type. */
  readonly isRead: boolean;
  /** The client asked for a stream. */
  readonly streams: boolean;
  /** The media type of the events that the dialect has. */
  readonly eventType: string;
};

const sseType = "text/event-stream";

const openBrace = 0x7b;

const byteOrderMark = "\xef\xbb\xbf";

/** How an event may begin (WHATWG HTML §9.2.6); `error:` is of old llama.cpp. */
const eventStarts = [":", "data:", "event:", "id:", "retry:", "error:"];
const pageStarts = ["<!doctype", "<html"];

/** So many bytes tell; before them white space may stand. */
const enough = 16;
const mostSpace = 4096;

/**
 * What an answer is that begins so. Some servers say no type, or a wrong one, and clients that read
 * the bytes get along; so the bytes decide, where events or JSON are expected.
 *
 * @param start - its first bytes
 * @param isAll - no more bytes follow
 * @returns null if more bytes must be seen
 */
export function answerKind(
  start: Buffer,
  isAll: boolean,
  expected: ExpectedAnswer,
): AnswerKind | null {
  const { type, isRead, streams, eventType } = expected;
  const saysEvents = type.includes(eventType);
  const byType = saysEvents ? "events" : type.includes("json") ? "json" : "bytes";
  if (!isRead && !saysEvents) return byType;
  // Nearly all JSON begins so, and nothing else of a server-sent stream does.
  if (start[0] === openBrace && eventType === sseType) return "json";
  const text = beginning(start);
  if (text.length < enough && !isAll && start.length < mostSpace && !isClear(text)) return null;
  if (text.startsWith("{") || text.startsWith("[")) {
    // Events that are lines of JSON look like JSON.
    const areLines = eventType !== sseType && (saysEvents || streams);
    return areLines ? "events" : "json";
  }
  if (eventType === sseType && eventStarts.some((one) => text.startsWith(one))) return "events";
  const lower = text.toLowerCase();
  const isPage = type.includes("text/html") || pageStarts.some((one) => lower.startsWith(one));
  return isPage ? "page" : byType;
}

/** What tells of the first bytes, as text. Few begin with space or a mark. */
function beginning(start: Buffer): string {
  const first = start[0] ?? 0;
  if (first > 0x20 && first < 0x7f) return start.toString("latin1", 0, enough);
  const raw = start.toString("latin1", 0, mostSpace + enough);
  return (raw.startsWith(byteOrderMark) ? raw.slice(3) : raw).trimStart();
}

/** One character is enough for JSON and for a comment. */
const isClear = (text: string): boolean => /^[{[:]/.test(text);
