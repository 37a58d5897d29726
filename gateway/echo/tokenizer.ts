import { setImmediate as nextTurn } from "node:timers/promises";
import { stretches } from "../limits/stretches.ts";

/** Text that can be sent by itself: one token, or the few whose bytes make its characters. */
export type Piece = { text: string; tokens: number };

/** A tokenizer that never holds the event loop for long. Both reject with `signal.reason`. */
export type Tokenizer = {
  /** The number of tokens in `text`. */
  count(text: string, signal: AbortSignal): Promise<number>;
  /** The ids of `text`, no more than `limit` where that is given. */
  encode(text: string, signal: AbortSignal, limit?: number): Promise<number[]>;
  /** The pieces that `ids` spell, in order; ids that are none are left out. */
  pieces(ids: readonly number[]): Generator<Piece>;
};

type Encoding = {
  encode(text: string, options: { disallowedSpecial: Set<string> }): number[];
  decodeGenerator(ids: Iterable<number>): Iterable<string>;
};

/** A client's `<|endoftext|>` is text like any other, not an exception. */
const plain = { disallowedSpecial: new Set<string>() };

/** How long tokenizing runs before others get a turn, in milliseconds. */
const turnMs = 5;

/**
 * Loads the tokenizer at its first use, once: cl100k_base takes 60 ms and 45 MB, o200k_base would
 * take 260 ms and 73 MB, in the one process that also serves everybody else.
 */
export function lazyTokenizer(): () => Promise<Tokenizer> {
  let loading: Promise<Tokenizer> | null = null;
  return () => {
    loading ??= import("gpt-tokenizer/encoding/cl100k_base").then(tokenizerOf);
    return loading;
  };
}

function tokenizerOf(encoding: Encoding): Tokenizer {
  async function walk(
    text: string,
    signal: AbortSignal,
    take: (ids: number[]) => boolean,
  ): Promise<void> {
    let turnEnds = performance.now() + turnMs;
    for (const stretch of stretches(text)) {
      if (!take(encoding.encode(stretch, plain))) return;
      if (performance.now() < turnEnds) continue;
      await nextTurn();
      signal.throwIfAborted();
      turnEnds = performance.now() + turnMs;
    }
  }

  return {
    async count(text, signal) {
      let total = 0;
      await walk(text, signal, (ids) => {
        total += ids.length;
        return true;
      });
      return total;
    },
    async encode(text, signal, limit = Number.POSITIVE_INFINITY) {
      const all: number[] = [];
      await walk(text, signal, (ids) => {
        for (const id of ids) if (all.length < limit) all.push(id);
        return all.length < limit;
      });
      return all;
    },
    *pieces(ids) {
      let read = 0;
      let told = 0;
      function* counted(): Generator<number> {
        for (const id of ids) {
          read++;
          yield id;
        }
      }
      // The decoder holds back bytes that are no whole character yet, as llama.cpp does.
      for (const text of encoding.decodeGenerator(counted())) {
        if (text === "") continue;
        yield { text, tokens: read - told };
        told = read;
      }
    },
  };
}
