import { type BodyReader, createBodyReader } from "./body.ts";
import { shareOfMemory } from "./share-of-memory.ts";

export type BodiesOptions = {
  /** Bytes. */
  maxBodyBytes: number;
  /** Bytes of all bodies; `auto` is a quarter of the memory that the process may have. */
  maxWaitingBytes: number | "auto";
  /** Milliseconds. */
  bodyTimeoutMs: number;
  /** Bytes a second. */
  uploadMinRate: number;
};

/**
 * Reads the bodies of all requests.
 * @param share - how many processes share the memory for them
 */
export function openBodies(options: BodiesOptions, share: number = 1): BodyReader {
  const { maxBodyBytes, maxWaitingBytes, bodyTimeoutMs, uploadMinRate } = options;
  const most = maxWaitingBytes === "auto" ? shareOfMemory() : maxWaitingBytes;
  return createBodyReader({
    maxBytes: maxBodyBytes,
    maxHeldBytes: Math.floor(most / share),
    timeoutMs: bodyTimeoutMs,
    minUploadRate: uploadMinRate,
  });
}
