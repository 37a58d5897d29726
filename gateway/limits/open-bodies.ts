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

/** Reads the bodies of all requests. */
export function openBodies(options: BodiesOptions): BodyReader {
  const { maxBodyBytes, maxWaitingBytes, bodyTimeoutMs, uploadMinRate } = options;
  return createBodyReader({
    maxBytes: maxBodyBytes,
    maxHeldBytes: maxWaitingBytes === "auto" ? shareOfMemory() : maxWaitingBytes,
    timeoutMs: bodyTimeoutMs,
    minUploadRate: uploadMinRate,
  });
}
