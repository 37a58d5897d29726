import { GatewayError } from "../../errors.ts";

/** The largest event: a picture may come as one. Bytes. */
const maxEventMiB = 64;
const maxEvent = maxEventMiB * 1024 * 1024;

const byteOrderMark = "\xef\xbb\xbf";

/**
 * Cuts a stream into whole server-sent events (WHATWG HTML §9.2.6: a blank line ends an event). The
 * bytes are handled as latin1 text, which keeps every byte and makes searching and joining cheap.
 *
 * Lines may end with LF, CRLF or CR, also mixed in one stream. The events have LF alone, because
 * some clients wait for ever at a mixture, and what the gateway adds has LF. A byte order mark and
 * blank lines between events are left out: they have no meaning.
 */
export class EventSplitter {
  /** What has come of an event that is not whole. */
  tail = "";
  /** How many bytes of a byte order mark were seen; 3 once there can be none. */
  #mark = 0;
  /** The last byte was a CR: a LF that follows belongs to it. */
  #afterCr = false;
  /** The tail ends with a line. Kept apart, because reading the end of a long tail copies it. */
  #endsLine = false;

  get isBetween(): boolean {
    return this.tail === "";
  }

  /**
   * Hands each whole event on; `take` returns false to have no more. Throws a GatewayError if an
   * event is too large.
   */
  split(piece: string, take: (event: string) => boolean): void {
    const fresh = this.#linesOf(piece);
    if (fresh === "") return;
    const mayEnd = fresh.includes("\n\n") || (this.#endsLine && fresh.charCodeAt(0) === lineFeed);
    this.#endsLine = fresh.charCodeAt(fresh.length - 1) === lineFeed;
    const text = this.tail === "" ? fresh : this.tail + fresh;
    let start = 0;
    let goesOn = mayEnd;
    while (goesOn) {
      start = afterBlankLines(text, start);
      const end = text.indexOf("\n\n", start);
      if (end < 0) break;
      const event = text.slice(start, end + 2);
      start = end + 2;
      goesOn = isOne(event) ? take(event) : partsOf(event).every(take);
    }
    this.#keep(start === 0 ? text : text.slice(start));
  }

  /** The text without a byte order mark, each of its lines ending with LF. */
  #linesOf(text: string): string {
    let fresh = text;
    for (; this.#mark < byteOrderMark.length && fresh !== ""; this.#mark++) {
      if (fresh[0] !== byteOrderMark[this.#mark]) this.#mark = byteOrderMark.length;
      else fresh = fresh.slice(1);
    }
    if (this.#afterCr && fresh !== "") {
      this.#afterCr = false;
      if (fresh.charCodeAt(0) === lineFeed) fresh = fresh.slice(1);
    }
    if (!fresh.includes("\r")) return fresh;
    this.#afterCr = fresh.endsWith("\r");
    return fresh.replace(/\r\n?/g, "\n");
  }

  #keep(tail: string): void {
    this.tail = tail;
    if (tail.length <= maxEvent) return;
    const text = `The upstream sent an event that is too large: more than ${maxEventMiB} MiB.`;
    throw new GatewayError("upstream_error", text);
  }
}

const lineFeed = 0x0a;

/** An event whose last line is `[DONE]`, but not its only one. */
const withDone = /^([\s\S]*\n)(data:[ \t]*\[DONE\][ \t]*\n\n)$/;

/** Nearly all end with a brace. */
const isOne = (event: string): boolean => event.charCodeAt(event.length - 3) === brace;

/** Two events, if a server forgot the blank line before its `[DONE]`. */
function partsOf(event: string): readonly string[] {
  const [, before, done] = withDone.exec(event) ?? [];
  return before === undefined || done === undefined ? [event] : [`${before}\n`, done];
}

const brace = 0x7d;

function afterBlankLines(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) === lineFeed) at += 1;
  return at;
}
