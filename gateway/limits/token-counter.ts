import { type DialectName, dialects } from "../dialects/all.ts";
import { tokenEncodingOf } from "./token-encoding.ts";
import { createTokenThread } from "./token-thread.ts";

/** A prompt to be counted. `U` is the type of the upstream that would answer it. */
export type CountAsk<U> = {
  /** The upstream's name for the model. */
  readonly model: string | null;
  readonly body: Buffer;
  readonly dialect: DialectName;
  /** Characters of the prompt; 0 if the body was not read. */
  readonly chars: number;
  readonly upstream: U;
};

/** Counts prompts before they run, with a tokenizer of their model. */
export type TokenCounter<U> = {
  /**
   * Null if there is no tokenizer. Else it resolves soon with the prompt's tokens, or with null if
   * they could not be counted. Never rejects.
   */
  count(ask: CountAsk<U>): Promise<number | null> | null;
  close(): Promise<void>;
};

export type TokenCounterOptions<U> = {
  /** Counts with the upstream's own tokenizer; null if it has none. */
  byUpstream?: (ask: CountAsk<U>) => Promise<number | null> | null;
  timeoutMs?: number;
  idleMs?: number;
  onTrouble?: (message: string) => void;
};

/** Larger bodies are not even copied. */
const mostBytes = 4 * 1024 * 1024;

/**
 * The upstream's own count has precedence, because a model can have any name. The vocabularies of
 * OpenAI's models are found by name.
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
      const { fields, isConversation } = dialects[dialect].prompt;
      return thread.count({ body, fields, isConversation, encoding });
    },
    close: () => thread.close(),
  };
}
