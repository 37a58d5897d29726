import type { Shaper } from "./shaper.ts";

/** Answers that are neither events nor JSON we edit: audio, images, embeddings. Bytes pass. */
export function createBytesShaper(watch: (chunk: Buffer) => void): Shaper {
  let held: Buffer | null = null;
  return {
    streams: false,
    edits: false,
    ended: false,
    upstreamId: null,
    push(chunk) {
      watch(chunk);
      const out = held;
      held = chunk;
      return out;
    },
    finish: () => held,
  };
}
