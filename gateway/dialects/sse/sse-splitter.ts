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
  // Joined only where an event ends: else a long one would be copied with each chunk.
  let pieces: string[] = [];
  let size = 0;
  let last = "";
  const keep = (text: string): void => {
    pieces.push(text);
    size += text.length;
    if (size > maxEvent)
      throw new GatewayError("upstream_error", "The upstream sent an event that is too long.");
  };
  return {
    push(chunk) {
      const fresh = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString(
        "latin1",
      );
      const seam = last + fresh;
      last = seam.slice(-3);
      if (endOfEvent(seam, 0) < 0) {
        keep(fresh);
        return [];
      }
      const text = pieces.join("") + fresh;
      const events: string[] = [];
      let start = 0;
      for (let end = endOfEvent(text, 0); end >= 0; end = endOfEvent(text, start)) {
        events.push(text.slice(start, end));
        start = end;
      }
      pieces = [];
      size = 0;
      last = text.slice(start).slice(-3);
      keep(text.slice(start));
      return events;
    },
    rest: () => pieces.join(""),
  };
}
