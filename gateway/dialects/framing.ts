/** The head of an answer: its status, and the headers a client may see. */
export type Head = { status: number; headers: Record<string, string | string[]> };

/** Cuts a stream into whole events, which are latin1 text: one character a byte. */
export type Splitter = {
  /** What has come of an event that is not whole yet. */
  readonly tail: string;
  /** True if nothing has come of the next event: a text that is one whole event needs no splitting. */
  readonly isBetween: boolean;
  /**
   * Hands each whole event of the next latin1 text to `take`, which returns false to get no more.
   * Throws a GatewayError if an event never ends.
   */
  split(text: string, take: (event: string) => boolean): void;
};

/** How the events of a stream stand in its body. */
export type EventFraming = {
  createSplitter(): Splitter;
  /** The JSON text of one whole event, as latin1 text; `""` if it has none. */
  dataOf(event: string): string;
  /** What ends an event: the last one of a stream may come without it. */
  readonly end: string;
  /** A line that clients skip, with its line end; `""` if the framing has no comments. */
  comment(text: string): string;
  /** Ends a comment that stands alone. */
  readonly commentEnd: string;
};

/** How an answer stands in its body: as events, as the elements of an array, or as one value. */
export type Framing = {
  /** The media type of such an answer. */
  readonly mediaType: string;
  /** The head of an answer that begins before the upstream's answer. */
  readonly head: Head;
  /** Bytes without a meaning: sent between two events, or before a JSON value. */
  readonly keepAlive: string;
  /** The same for clients that want no comments (`QUEUE_EVENTS=off`). */
  readonly plainKeepAlive: string;
  /** True if the answer goes out piece by piece as it is generated. */
  readonly inPieces: boolean;
  /** Null if the body is one JSON value, as an array is. */
  readonly events: EventFraming | null;
};

export type StreamFraming = Framing & { readonly events: EventFraming };
