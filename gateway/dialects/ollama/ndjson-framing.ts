import { GatewayError } from "../../errors.ts";
import type { Splitter, StreamFraming } from "../framing.ts";

/** A line longer than this is garbage, not an answer. Bytes. */
const maxLine = 16 * 1024 * 1024;

/** Cuts a stream into lines. A line may come in many pieces: they are joined once, at its end. */
class LineSplitter implements Splitter {
  readonly #pieces: string[] = [];
  #length = 0;

  get tail(): string {
    return this.#pieces.join("");
  }

  get isBetween(): boolean {
    return this.#length === 0;
  }

  split(text: string, take: (event: string) => boolean): void {
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      const line = this.#joined(text.slice(start, end + 1));
      start = end + 1;
      // A blank line says nothing, and some clients fail on it.
      if (line.trim() !== "" && !take(line)) break;
    }
    this.#keep(text.slice(start));
  }

  #joined(end: string): string {
    if (this.#length === 0) return end;
    const line = this.tail + end;
    this.#pieces.length = 0;
    this.#length = 0;
    return line;
  }

  #keep(piece: string): void {
    if (piece === "") return;
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#length > maxLine) {
      throw new GatewayError("upstream_error", "The upstream sent a line that is too long.");
    }
  }
}

/**
 * One JSON object a line, as Ollama streams. A blank line ends Python's `ollama`, so the keep-alive
 * is one space, which belongs to the line that follows it: every JSON reader skips it.
 */
export const ndjson: StreamFraming = {
  mediaType: "application/x-ndjson",
  head: {
    status: 200,
    headers: {
      "content-type": "application/x-ndjson",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    },
  },
  keepAlive: " ",
  plainKeepAlive: " ",
  inPieces: true,
  events: {
    createSplitter: () => new LineSplitter(),
    dataOf: (event) => event.trim(),
    end: "\n",
    comment: () => "",
    commentEnd: "",
  },
};
