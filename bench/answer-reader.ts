/** Who takes the parts of one answer. */
export type AnswerTaker = {
  head(status: number): void;
  body(bytes: Buffer): void;
  /** `reusable` is false where the server closes the connection after this answer. */
  end(reusable: boolean): void;
};

export type AnswerReader = {
  /** Takes what arrived. Throws where it is not HTTP/1.1 as servers write it. */
  feed(bytes: Buffer): void;
};

type State = "head" | "length" | "size" | "chunk" | "after-chunk" | "trailer";

const none = Buffer.alloc(0);

/** Where the first line of `bytes` ends, from `from`; -1 where it is not whole yet. */
const lineEnd = (bytes: Buffer, from: number): number => bytes.indexOf("\r\n", from, "latin1");

/**
 * Reads HTTP/1.1 answers off a kept connection, with Content-Length or chunked. node:http would be
 * the measure's bottleneck: this costs a fifth.
 */
export function createAnswerReader(taker: AnswerTaker): AnswerReader {
  let state: State = "head";
  let rest: Buffer = none;
  let left = 0;
  let reusable = true;

  function finish(): void {
    state = "head";
    taker.end(reusable);
  }

  /** Reads the head that ends at `end`; the state it leaves says how the body is framed. */
  function readHead(text: string): void {
    const status = Number(text.slice(9, 12));
    if (!text.startsWith("HTTP/1.1 ") || !(status >= 200)) throw new Error("no HTTP/1.1 answer");
    const lower = text.toLowerCase();
    reusable = !lower.includes("\r\nconnection: close");
    taker.head(status);
    if (lower.includes("\r\ntransfer-encoding: chunked")) {
      state = "size";
      return;
    }
    const at = lower.indexOf("\r\ncontent-length:");
    if (at < 0) throw new Error("an answer without a length");
    left = Number.parseInt(lower.slice(at + 17), 10);
    state = "length";
    if (left === 0) finish();
  }

  /** Takes one step at `at`; returns where the next begins, or -1 where more bytes are needed. */
  function step(bytes: Buffer, at: number): number {
    if (state === "length" || state === "chunk") {
      const end = Math.min(bytes.length, at + left);
      taker.body(bytes.subarray(at, end));
      left -= end - at;
      if (left === 0 && state === "chunk") state = "after-chunk";
      else if (left === 0) finish();
      return end;
    }
    if (state === "head") {
      const end = bytes.indexOf("\r\n\r\n", at, "latin1");
      if (end < 0) return -1;
      readHead(bytes.toString("latin1", at, end + 2));
      return end + 4;
    }
    const end = lineEnd(bytes, at);
    if (end < 0) return -1;
    if (state === "after-chunk") state = "size";
    else if (state === "size") {
      left = Number.parseInt(bytes.toString("latin1", at, end), 16);
      state = left === 0 ? "trailer" : "chunk";
    } else if (end === at) finish();
    return end + 2;
  }

  return {
    feed(arrived) {
      const bytes = rest.length === 0 ? arrived : Buffer.concat([rest, arrived]);
      rest = none;
      let at = 0;
      while (at < bytes.length) {
        const next = step(bytes, at);
        if (next < 0) {
          rest = bytes.subarray(at);
          return;
        }
        at = next;
      }
    },
  };
}
