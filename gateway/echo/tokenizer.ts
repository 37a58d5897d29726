import { setImmediate as nextTurn } from "node:timers/promises";
import { stretches } from "../limits/stretches.ts";

/** Text that can be sent alone: one token, or a few that make whole characters together. */
export type EchoPiece = { text: string; tokens: number };

/** A tokenizer that never blocks the event loop for long. Both reject with `signal.reason`. */
export type Tokenizer = {
  /** The number of tokens in `text`. */
  count(text: string, signal: AbortSignal): Promise<number>;
  /** The ids of `text`, at most `limit` of them. */
  encode(text: string, signal: AbortSignal, limit?: number): Promise<number[]>;
  /** The pieces that `ids` spell, in order. Unknown ids are left out. */
  pieces(ids: readonly number[]): Generator<EchoPiece>;
};

type Encoding = {
  encode(text: string, options: { disallowedSpecial: Set<string> }): number[];
  decodeGenerator(ids: Iterable<number>): Iterable<string>;
};

/** `<|endoftext|>` in a prompt is text like any other. It must not throw. */
const plain = { disallowedSpecial: new Set<string>() };

/** Milliseconds of tokenizing before other work gets a turn. */
const turnMs = 5;

/**
 * Loads the tokenizer once, at its first use. cl100k_base takes 60 ms and 45 MB in the process that
 * serves all users; o200k_base would take 260 ms and 73 MB.
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
      // The decoder holds incomplete characters back, as llama.cpp does.
      for (const text of encoding.decodeGenerator(counted())) {
        if (text === "") continue;
        yield { text, tokens: read - told };
        told = read;
      }
    },
  };
}
