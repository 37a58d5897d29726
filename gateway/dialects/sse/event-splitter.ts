import { GatewayError } from "../../errors.ts";

/** An event longer than this is garbage, not an answer. Bytes. */
const maxEvent = 16 * 1024 * 1024;

/** From here on what has come is searched no more with each piece: that would copy all of it. */
const long = 64 * 1024;

/**
 * Cuts a stream into whole server-sent events (WHATWG HTML §9.2.6: a blank line ends an event). The
 * bytes are handled as latin1 text, which keeps every byte and makes searching and joining cheap.
 */
export class EventSplitter {
  /** What has come of an event that is not whole. */
  tail = "";
  #crlf: boolean | null = null;
  /** The last characters of a long tail. */
  #seam = "";

  /**
   * Hands each whole event on; `take` returns false to have no more. Throws a GatewayError where an
   * event never ends.
   */
  split(chunk: Buffer, take: (event: string) => boolean): void {
    const before = this.tail.length;
    const fresh = chunk.toString("latin1");
    if (before > long && this.#lengthens(fresh)) return;
    const text = before === 0 ? fresh : this.tail + fresh;
    let start = 0;
    for (let end = this.#end(text, before - 3); end >= 0; end = this.#end(text, start)) {
      const event = text.slice(start, end);
      start = end;
      if (!take(event)) break;
    }
    this.#keep(start === 0 ? text : text.slice(start));
    if (this.tail.length > long) this.#seam = this.tail.slice(-3);
  }

  /** True where a long event has not ended with this piece either, which is kept then. */
  #lengthens(fresh: string): boolean {
    const seam = this.#seam + fresh;
    // Before the first line has ended nobody knows how lines end.
    if (seam.includes(this.#crlf === null ? "\n" : markOf(this.#crlf))) return false;
    this.#keep(this.tail + fresh);
    this.#seam = seam.slice(-3);
    return true;
  }

  #keep(tail: string): void {
    this.tail = tail;
    if (tail.length > maxEvent)
      throw new GatewayError("upstream_error", "The upstream sent an event that is too long.");
  }

  #end(text: string, from: number): number {
    if (this.#crlf === null) {
      const line = text.indexOf("\n");
      if (line < 0) return -1;
      this.#crlf = text[line - 1] === "\r";
    }
    const mark = markOf(this.#crlf);
    const at = text.indexOf(mark, Math.max(0, from));
    return at < 0 ? -1 : at + mark.length;
  }
}

const markOf = (crlf: boolean): string => (crlf ? "\r\n\r\n" : "\n\n");
