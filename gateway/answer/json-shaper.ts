import { endOfJson, type Field, topLevelFields } from "../dialects/json/json-scan.ts";
import { refuseError } from "../dialects/refuse-error.ts";
import { GatewayError } from "../errors.ts";
import { type Bytes, type Shaper, wholeSize } from "./shaper.ts";

export type JsonShaperOptions = {
  /** Takes the place of the top-level `id`; null leaves it. */
  id: string | null;
  /** The gateway's own key at the upstream: an error under status 200 may quote it. */
  secret?: string | null;
};

/** The part of a meter that sees a whole JSON answer once, before it goes out. */
type Watcher = { body(bytes: Buffer, fields: readonly Field[]): void };

/**
 * One JSON object: collected, so that its usage is read and its id replaced before a byte leaves.
 */
export function createJsonShaper(options: JsonShaperOptions, watcher: Watcher): Shaper {
  return new JsonShaper(options, watcher);
}

class JsonShaper implements Shaper {
  readonly framing = null;
  readonly edits = true;
  readonly ended = false;
  upstreamId: string | null = null;
  readonly #options: JsonShaperOptions;
  readonly #watcher: Watcher;
  readonly #chunks: Buffer[] = [];
  #size = 0;

  constructor(options: JsonShaperOptions, watcher: Watcher) {
    this.#options = options;
    this.#watcher = watcher;
  }

  push(chunk: Buffer): null {
    this.#size = wholeSize(this.#size, chunk);
    this.#chunks.push(chunk);
    return null;
  }

  finish(): Bytes {
    const { id } = this.#options;
    const [first] = this.#chunks;
    const whole = this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks);
    const fields = topLevelFields(whole);
    const end = endOfJson(whole, fields);
    // An upstream that tells no length and dies has ended its answer, as far as HTTP can tell.
    if (end < 0) {
      throw new GatewayError("upstream_error", "The upstream's answer is not complete JSON.");
    }
    // With a `[DONE]` behind it, it would be no JSON to the client.
    const body = hasMore(whole, end) ? whole.subarray(0, end) : whole;
    refuseError(body, fields, this.#options.secret ?? null);
    this.#watcher.body(body, fields);
    const range = fields.findLast(({ name }) => name === "id");
    if (range === undefined) return body;
    const value = body.toString("utf8", range.start, range.end);
    if (value.startsWith('"')) this.upstreamId = value.slice(1, -1);
    if (id === null) return body;
    // A request id is ASCII.
    const text = body.toString("latin1");
    return `${text.slice(0, range.start)}${JSON.stringify(id)}${text.slice(range.end)}`;
  }
}

const hasMore = (bytes: Buffer, end: number): boolean =>
  end < bytes.length && bytes.toString("latin1", end).trim() !== "";
