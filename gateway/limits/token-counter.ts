import type { Dialect } from "../exchange.ts";
import { tokenEncodingOf } from "./token-encoding.ts";
import { createTokenThread } from "./token-thread.ts";

/** A prompt whose tokens are asked for. `U` is whoever would answer it. */
export type CountAsk<U> = {
  /** As the upstream knows it. */
  readonly model: string | null;
  readonly body: Buffer;
  readonly dialect: Dialect;
  /** Characters of its prompt; 0 where nobody read it. */
  readonly chars: number;
  readonly upstream: U;
};

/** Counts prompts before they run, by a tokenizer that knows their model. */
export type TokenCounter<U> = {
  /**
   * Null where no tokenizer is at hand; else resolves, soon, with the prompt's tokens, or with null
   * where they could not be told. Never rejects.
   */
  count(ask: CountAsk<U>): Promise<number | null> | null;
  close(): Promise<void>;
};

export type TokenCounterOptions<U> = {
  /** The upstream's own tokenizer; null where it has none to ask. */
  byUpstream?: (ask: CountAsk<U>) => Promise<number | null> | null;
  timeoutMs?: number;
  idleMs?: number;
  onTrouble?: (message: string) => void;
};

/** Larger bodies are not even copied. */
const mostBytes = 4 * 1024 * 1024;

/** What is no conversation: its text has no frames. */
const plainDialects: ReadonlySet<Dialect> = new Set(["completions", "embeddings", "rerank"]);

/**
 * The upstream's own word counts first, since a model may be called anything; then the vocabularies
 * of OpenAI's models, by name.
 */
export function createTokenCounter<U>(options: TokenCounterOptions<U> = {}): TokenCounter<U> {
  const { byUpstream, timeoutMs = 300, ...rest } = options;
  const thread = createTokenThread({ timeoutMs, ...rest });
  return {
    count(ask) {
      const { model, body, dialect, chars } = ask;
      if (chars === 0) return null;
      const told = byUpstream?.(ask) ?? null;
      if (told !== null) return told.catch(() => null);
      const encoding = model === null ? null : tokenEncodingOf(model);
      if (encoding === null || body.length > mostBytes) return null;
      return thread.count({ body, isChat: !plainDialects.has(dialect), encoding });
    },
    close: () => thread.close(),
  };
}
