import { EventSplitter } from "../dialects/sse/event-splitter.ts";
import {
  endOf,
  isTerminal,
  isUsageOnly,
  type StreamEnd,
  tellsError,
} from "../dialects/sse/stream-events.ts";
import { streamError } from "../dialects/stream-error.ts";
import { GatewayError } from "../errors.ts";
import type { Dialect } from "../exchange.ts";
import type { Renamer } from "./renamer.ts";
import type { Shaper } from "./shaper.ts";

export type EventShaperOptions = {
  dialect: Dialect;
  /** Puts our id into every event; null leaves the upstream's. */
  renamer: Renamer | null;
  /** Drops the usage chunk that the client did not ask for. */
  dropUsage: boolean;
  /** Sees each whole event, as latin1 text: one character a byte, and whether it ends the stream. */
  watch: (event: string, end: StreamEnd | null) => void;
  /**
   * What goes out in the place of an event: the prompt's progress, a cost. Null: the event itself.
   */
  amend?: ((event: string) => string) | null;
  /** The gateway's own key at the upstream: an error that quotes it does so to nobody. */
  secret?: string | null;
  /** An error of the upstream's in words that the client raises; as it is, where it does. */
  retell: (event: string) => string;
};

/** Dialects whose streams say when they are complete; others end by closing. */
const endsInWords = new Set<Dialect>(["chat", "completions", "messages", "responses"]);

/**
 * Server-sent events, each sent on when it is whole. From the dialect's last event on, all is kept
 * back for `finish`.
 */
export function createEventShaper(options: EventShaperOptions): Shaper {
  const { dialect, renamer, watch, dropUsage, retell } = options;
  const amend = options.amend ?? null;
  const secret = options.secret ?? null;
  const splitter = new EventSplitter();
  let out = "";
  let held = "";
  let terminal = false;
  let failed = false;
  let blank = true;

  /** True where more may follow. */
  function take(event: string): boolean {
    const end = endOf(event, dialect);
    watch(event, end);
    const found = end === null || secret === null ? event : withoutSecret(event, end, secret);
    if (end === "error") {
      failed = true;
      // With nothing sent, it is still an answer with a status.
      if (blank && out === "") throw streamError(found);
      const told = retell(found);
      if (told !== found) {
        out += told;
        return true;
      }
    }
    if (dropUsage && isUsageOnly(found)) return true;
    const named = renamer === null ? found : renamer.rename(found);
    const shaped = amend === null ? named : amend(named);
    if (end !== "last") {
      out += shaped;
      return true;
    }
    terminal = true;
    held = shaped;
    return false;
  }

  return {
    streams: true,
    edits: true,
    get ended() {
      return terminal || failed;
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
      // The last event may come without its blank line; a cut one is dropped.
      const rest = splitter.tail.trimEnd();
      if (!terminal && isTerminal(rest, dialect)) take(`${rest}\n\n`);
      if (!terminal && !failed && endsInWords.has(dialect)) {
        throw new GatewayError(
          "upstream_error",
          "The upstream closed the stream before it was complete.",
        );
      }
      return held === "" ? null : held;
    },
  };
}

/** Only of errors: whatever else a model says is its own. */
function withoutSecret(event: string, end: StreamEnd, secret: string): string {
  return tellsError(event, end) ? event.replaceAll(secret, "***") : event;
}
