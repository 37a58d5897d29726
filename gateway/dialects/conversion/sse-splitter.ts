import { GatewayError } from "../../errors.ts";

/** An event longer than this is garbage, not an answer. Bytes. */
const maxEvent = 16 * 1024 * 1024;

/** The end of the blank line after `from`, or -1. Lines end with LF or CRLF, also mixed. */
function endOfEvent(text: string, from: number): number {
  for (let at = text.indexOf("\n", from); at >= 0; at = text.indexOf("\n", at + 1)) {
    if (text.charCodeAt(at + 1) === 0x0a) return at + 2;
    if (text.charCodeAt(at + 1) === 0x0d && text.charCodeAt(at + 2) === 0x0a) return at + 3;
  }
  return -1;
}

export type SseSplitter = {
  /** The whole events that end in this chunk, each with its blank line, as latin1 text. */
  push(chunk: Uint8Array): string[];
  /** What has come of an event that is not whole. */
  rest(): string;
};

/** Cuts a stream, however its bytes come, into whole server-sent events (WHATWG HTML §9.2.6). */
export function createSseSplitter(): SseSplitter {
  let tail = "";
  return {
    push(chunk) {
      const from = Math.max(0, tail.length - 3);
      tail += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("latin1");
      const events: string[] = [];
      let start = 0;
      for (let end = endOfEvent(tail, from); end >= 0; end = endOfEvent(tail, start)) {
        events.push(tail.slice(start, end));
        start = end;
      }
      if (start > 0) tail = tail.slice(start);
      if (tail.length > maxEvent) throw new GatewayError("upstream_error", "An event never ended.");
      return events;
    },
    rest: () => tail,
  };
}
