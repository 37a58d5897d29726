import type { AskedUsage, DialectEvents } from "../dialects/dialect.ts";
import type { StreamFraming } from "../dialects/framing.ts";
import { withKeyMasked } from "../dialects/masked-key.ts";
import type { Renamer } from "../dialects/renamer.ts";
import { endOf, type StreamEnd } from "../dialects/stream-end.ts";
import { streamError } from "../dialects/stream-error.ts";
import { GatewayError } from "../errors.ts";
import type { Shaper } from "./shaper.ts";

export type EventShaperOptions = {
  framing: StreamFraming;
  events: DialectEvents;
  /** Puts our id into every event; null leaves the upstream's. */
  renamer: Renamer | null;
  /** Knows the usage chunk that the client did not ask for; null drops none. */
  isDropped: AskedUsage["isOnlyUsage"] | null;
  /** Takes out the null that asking for usage puts into events; null leaves it. */
  clean?: AskedUsage["withoutNull"] | null;
  /** Sees each whole event, as latin1 text: one character a byte, and whether it ends the stream. */
  watch: (event: string, end: StreamEnd | null) => void;
  /** Replaces events: by the prompt's progress, with a cost. Null leaves them. */
  amend?: ((event: string) => string) | null;
  /** The gateway's own key at the upstream. An error that quotes it must not reach a client. */
  secret?: string | null;
  /**
   * Rewrites an upstream's error event so that the client's SDK raises it. Leaves it unchanged if it
   * would be raised anyway.
   */
  rewriteError: (event: string) => string;
};

/** An event with data. A comment has no number in a stream that numbers its events. */
const isCounted = (event: string): boolean =>
  event !== "" && (!event.startsWith(":") || event.includes("\ndata:"));

/**
 * Events, each sent on when it is whole. From the dialect's last event on, all is kept back for
 * `finish`.
 */
export function createEventShaper(options: EventShaperOptions): Shaper {
  const { framing, events, renamer, watch, isDropped, rewriteError } = options;
  const amend = options.amend ?? null;
  const clean = options.clean ?? null;
  const secret = options.secret ?? null;
  const splitter = framing.events.createSplitter();
  let out = "";
  let held = "";
  let terminal = false;
  let failed = false;
  let blank = true;
  let sent = 0;

  /** True if more may follow. */
  function take(event: string): boolean {
    const end = endOf(event, events);
    watch(event, end);
    const masked = end === null || secret === null ? event : withoutSecret(event, end);
    if (end === "error") {
      failed = true;
      // With nothing sent, it is still an answer with a status.
      if (blank && out === "") throw streamError(masked, framing.events);
      const rewritten = rewriteError(masked);
      if (rewritten !== masked) {
        out += rewritten;
        return true;
      }
    }
    if (isDropped?.(masked)) return true;
    const cleaned = clean === null ? masked : clean(masked);
    const named = renamer === null ? cleaned : renamer.rename(cleaned);
    const shaped = amend === null ? named : amend(named);
    if (isCounted(shaped)) sent += 1;
    if (end !== "last") {
      out += shaped;
      return true;
    }
    terminal = true;
    held = shaped;
    return false;
  }

  /** Only of errors: a model may say anything. */
  function withoutSecret(event: string, end: StreamEnd): string {
    const isError = end === "error" || events.isFailure(event);
    return isError ? withKeyMasked(event, secret) : event;
  }

  return {
    framing,
    edits: true,
    get ended() {
      return terminal || failed;
    },
    get sent() {
      return sent;
    },
    get upstreamId() {
      return renamer?.upstreamId ?? null;
    },
    push(chunk) {
      // Nothing may follow the last event; what does is no part of the answer.
      if (terminal) return null;
      out = "";
      splitter.split(chunk, take);
      if (out === "") return null;
      blank = false;
      return out;
    },
    finish() {
      // The last event may come without its end; an event that was cut is dropped.
      const rest = splitter.tail.trimEnd();
      if (!terminal && events.isLast(rest)) take(rest + framing.events.end);
      if (!terminal && !failed && events.hasLast) {
        throw new GatewayError(
          "upstream_error",
          "The upstream closed the stream before it was complete.",
        );
      }
      return held === "" ? null : held;
    },
  };
}
