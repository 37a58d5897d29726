import { findTopLevel } from "../dialects/json-scan.ts";
import { isErrorEvent, isTerminal, isUsageOnly } from "../dialects/stream-events.ts";
import { GatewayError } from "../errors.ts";
import type { Dialect } from "../exchange.ts";
import type { Shaper } from "./shaper.ts";

export type EventShaperOptions = {
  dialect: Dialect;
  /** Takes the place of every event's top-level `id`; null leaves them. */
  id: string | null;
  /** Drops the usage chunk that the client did not ask for. */
  dropUsage: boolean;
  /** Sees each whole event, as latin1 text: one character a byte. */
  watch: (event: string) => void;
};

/** An event longer than this is garbage, not an answer. Bytes. */
const maxEvent = 16 * 1024 * 1024;

/** Dialects whose streams say when they are complete; others end by closing. */
const endsInWords = new Set<Dialect>(["chat", "completions", "messages", "responses"]);

/**
 * Server-sent events, each sent on when it is whole (WHATWG HTML §9.2.6: a blank line ends an event).
 * The bytes are handled as latin1 text, which keeps every byte and makes searching and joining cheap.
 * From the dialect's last event on, all is kept back for `finish`.
 */
export function createEventShaper(options: EventShaperOptions): Shaper {
  const { dialect, watch } = options;
  const ours = options.id === null ? null : JSON.stringify(options.id);
  let tail = "";
  let held = "";
  let crlf: boolean | null = null;
  let terminal = false;
  let failed = false;
  let learnt: { bytes: string; replacement: string } | null = null;
  let upstreamId: string | null = null;

  /** The exact bytes of `"id":"…"`, found by the scanner once and by a plain search from then on. */
  function learn(event: string): boolean {
    const start = event.indexOf("{");
    if (start < 0 || !event.startsWith("data:")) return false;
    const range = findTopLevel(Buffer.from(event.slice(start), "latin1"), "id")[0];
    if (range === undefined) return false;
    const value = event.slice(start + range.start, start + range.end);
    const key = event.lastIndexOf('"id"', start + range.start);
    const lead = event.slice(key, start + range.start);
    learnt = { bytes: lead + value, replacement: lead + ours };
    upstreamId ??= value.replaceAll('"', "");
    return true;
  }

  function withOurId(event: string): string {
    let at = learnt === null ? -1 : event.indexOf(learnt.bytes);
    if (at < 0 && learn(event) && learnt !== null) at = event.indexOf(learnt.bytes);
    if (at < 0 || learnt === null) return event;
    return event.slice(0, at) + learnt.replacement + event.slice(at + learnt.bytes.length);
  }

  function endOfEvent(text: string, from: number): number {
    if (crlf === null) {
      const line = text.indexOf("\n");
      if (line < 0) return -1;
      crlf = text[line - 1] === "\r";
    }
    const mark = crlf ? "\r\n\r\n" : "\n\n";
    const at = text.indexOf(mark, Math.max(0, from));
    return at < 0 ? -1 : at + mark.length;
  }

  function take(event: string): string {
    watch(event);
    if (isErrorEvent(event)) failed = true;
    if (options.dropUsage && isUsageOnly(event)) return "";
    const shaped = ours === null ? event : withOurId(event);
    if (!isTerminal(event, dialect)) return shaped;
    terminal = true;
    held = shaped;
    return "";
  }

  return {
    edits: true,
    get ended() {
      return terminal || failed;
    },
    get upstreamId() {
      return upstreamId;
    },
    push(chunk) {
      const fresh = chunk.toString("latin1");
      // Nothing may follow the last event; what does is no part of the answer.
      if (terminal) return null;
      const text = tail === "" ? fresh : tail + fresh;
      let out = "";
      let start = 0;
      for (let end = endOfEvent(text, tail.length - 3); end >= 0; end = endOfEvent(text, start)) {
        out += take(text.slice(start, end));
        start = end;
        if (terminal) break;
      }
      tail = start === 0 ? text : text.slice(start);
      if (tail.length > maxEvent) throw new GatewayError("upstream_error", "An event never ended.");
      return out === "" ? null : Buffer.from(out, "latin1");
    },
    finish() {
      // The last event may come without its blank line; a cut one is dropped.
      if (!terminal && isTerminal(tail.trimEnd(), dialect)) take(`${tail.trimEnd()}\n\n`);
      if (!terminal && !failed && endsInWords.has(dialect)) {
        throw new GatewayError("upstream_error", "The upstream's stream ended before its end.");
      }
      return held === "" ? null : Buffer.from(held, "latin1");
    },
  };
}
