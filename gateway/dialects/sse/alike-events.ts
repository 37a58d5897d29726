/** What stands before and after the one text in which events differ. */
type Frame = { readonly before: string; readonly after: string };

/** What the upstream sends, and what the client gets instead. */
type Likeness = { readonly sent: Frame; readonly shown: Frame };

/** A stream whose events always differ elsewhere too, such as in a number, is looked at no longer. */
const mostMisses = 8;

/** A piece of JSON text, which nothing in it can end. Whole lines of an event are no piece. */
const escaped = /^(?:[^"\\\r\n]|\\[^\r\n])*$/;

/** Up to here a text is looked at character by character, which is faster than four searches. */
const shortText = 64;

function isPlain(text: string): boolean {
  if (text.length > shortText) return !ending.some((character) => text.includes(character));
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22 || code === 0x5c || code === 0x0a || code === 0x0d) return false;
  }
  return true;
}

/** What ends a JSON text or a line, or begins an escape. */
const ending: readonly string[] = ['"', "\\", "\n", "\r"];

/** Of texts with escapes no longer one is matched: each character needs some stack. */
const longestEscaped = 500;

const isPiece = (text: string): boolean =>
  text !== "" && (isPlain(text) || (text.length <= longestEscaped && escaped.test(text)));

/** A text that no event has. */
const probe = "~alike~";

/**
 * Nearly all events of a stream are the one before with another text in it. What is known of one is
 * then known of the next: it is no error, no end and no usage, and has the same id at the same place.
 * Events and texts are latin1, and texts as they stand in JSON, escaped.
 */
export class AlikeEvents {
  readonly #generated: (event: string) => string;
  #likeness: Likeness | null = null;
  #misses = 0;

  /** @param generated - the generated text of an event, as it stands in JSON */
  constructor(generated: (event: string) => string) {
    this.#generated = generated;
  }

  /** The only text in which an event differs from the one learnt; null if it differs otherwise. */
  textOf(event: string): string | null {
    if (this.#likeness === null) return null;
    const { before, after } = this.#likeness.sent;
    const end = event.length - after.length;
    // Slices are compared faster than `startsWith` looks.
    if (event.slice(0, before.length) !== before || event.slice(end) !== after) return null;
    const text = event.slice(before.length, end);
    if (!isPiece(text)) return null;
    this.#misses = 0;
    return text;
  }

  /** What the client gets of the event with this text. */
  shown(text: string): string {
    return this.#likeness === null ? text : withText(this.#likeness.shown, text);
  }

  /** The event of the upstream with this text. */
  sent(text: string): string {
    return this.#likeness === null ? text : withText(this.#likeness.sent, text);
  }

  /** False once there was nothing alike for long. */
  get isLearning(): boolean {
    return this.#misses < mostMisses;
  }

  /**
   * Learns from an event that brings text, ends nothing and tells no usage, and from what the client
   * gets of it.
   */
  learn(event: string, shown: string): void {
    this.#misses += 1;
    const text = this.#generated(event);
    if (!isPiece(text)) return;
    const frames = { sent: around(event, text), shown: around(shown, text) };
    this.#likeness = null;
    if (frames.sent === null || frames.shown === null) return;
    // Nothing else is generated in it: two texts could look like a third.
    if (this.#generated(withText(frames.sent, probe)) !== probe) return;
    this.#likeness = { sent: frames.sent, shown: frames.shown };
  }
}

const withText = ({ before, after }: Frame, text: string): string => before + text + after;

/** The frame of the only place where the text stands as a JSON text; null if there is none. */
function around(event: string, text: string): Frame | null {
  const quoted = `"${text}"`;
  const at = event.indexOf(quoted);
  if (at < 0 || event.includes(quoted, at + 1)) return null;
  return { before: event.slice(0, at + 1), after: event.slice(at + 1 + text.length) };
}
