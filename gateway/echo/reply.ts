import type { EchoPiece, Tokenizer } from "./tokenizer.ts";

/** A reply of the echo, and why it ends. */
export type EchoReply = {
  /** The text of all pieces together. */
  text: string;
  pieces: readonly EchoPiece[];
  tokens: number;
  end: "stop" | "length";
  /** The stop string that ended it. It is not part of the text. */
  stopped: string | null;
};

export type ReplyOptions = {
  /** Null if the client set no limit. */
  maxTokens: number | null;
  stop: readonly string[];
  /** How many replies the answer holds. They share the room. */
  choices: number;
};

/** The room for all replies of an answer, in tokens, like the context of a real model. */
const room = 131_072;

/** Makes `Echo: <text>`, cut at the first stop string or after `maxTokens`. */
export async function makeReply(
  text: string,
  options: ReplyOptions,
  tokenizer: Tokenizer,
  signal: AbortSignal,
): Promise<EchoReply> {
  const full = `Echo: ${text}`;
  const cut = firstStop(full, options.stop);
  const wanted = cut === null ? full : full.slice(0, cut.at);
  const share = Math.floor(room / options.choices);
  const limit = Math.min(options.maxTokens ?? share, share);
  const ids = await tokenizer.encode(wanted, signal, limit + 1);
  const tooLong = ids.length > limit;
  const kept = tooLong ? ids.slice(0, limit) : ids;
  const pieces = [...tokenizer.pieces(kept)];
  return {
    text: pieces.map((piece) => piece.text).join(""),
    pieces,
    tokens: kept.length,
    end: tooLong ? "length" : "stop",
    stopped: tooLong ? null : (cut?.stop ?? null),
  };
}

function firstStop(text: string, stops: readonly string[]): { at: number; stop: string } | null {
  let first: { at: number; stop: string } | null = null;
  for (const stop of stops) {
    const at = stop === "" ? -1 : text.indexOf(stop);
    if (at >= 0 && (first === null || at < first.at)) first = { at, stop };
  }
  return first;
}
