import { findTopLevel, replaceRange } from "../dialects/json-scan.ts";
import type { Shaper } from "./shaper.ts";

export type JsonShaperOptions = {
  /** Takes the place of the top-level `id`; null leaves it. */
  id: string | null;
  /** The gateway's own key at the upstream: an error under status 200 may quote it. */
  secret?: string | null;
  /** Sees the whole body once, before it goes out. */
  watch: (body: Buffer) => void;
};

/**
 * One JSON object: collected, so that its usage is read and its id replaced before a byte leaves.
 */
export function createJsonShaper(options: JsonShaperOptions): Shaper {
  const chunks: Buffer[] = [];
  let upstreamId: string | null = null;
  return {
    streams: false,
    edits: true,
    ended: false,
    get upstreamId() {
      return upstreamId;
    },
    push(chunk) {
      chunks.push(chunk);
      return null;
    },
    finish() {
      const whole = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
      const body = withoutSecret(whole, options.secret ?? null);
      options.watch(body);
      const range = findTopLevel(body, "id").at(-1);
      if (range === undefined) return body;
      const value = body.toString("utf8", range.start, range.end);
      if (value.startsWith('"')) upstreamId = value.slice(1, -1);
      return options.id === null ? body : replaceRange(body, range, JSON.stringify(options.id));
    },
  };
}

function withoutSecret(body: Buffer, secret: string | null): Buffer {
  if (secret === null || !body.includes(secret, 0, "latin1")) return body;
  if (findTopLevel(body, "error").length === 0) return body;
  return Buffer.from(body.toString("latin1").replaceAll(secret, "***"), "latin1");
}
