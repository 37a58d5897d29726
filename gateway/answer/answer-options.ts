import type { Framing } from "../dialects/framing.ts";
import type { JsonObject } from "../json-object.ts";
import type { QueueForm } from "./place-events.ts";
import type { Pulse } from "./pulse.ts";

export type AnswerOptions = {
  pulse: Pulse;
  queueEvents: QueueForm;
  /** The longest a stream stays without a byte. Milliseconds, as all here. */
  keepAliveMs: number;
  /** How long a JSON answer may be silent before its 200 and whitespace go out; null is never. */
  silenceMs: number | null;
  /** How long a client may leave us unable to write before it counts as gone. */
  stallMs: number;
  /** False where somebody else looks at what is written to the response. */
  mayFrame: boolean;
};

/** How the client wants its answer, once its request is accepted. */
export type Wanted = {
  model: string | null;
  /** Null if the gateway does not know the API: then nothing may stand before the answer. */
  framing: Framing | null;
  /**
   * The upstream keeps no responses (llama.cpp): one may have an id of ours, and a client of
   * Responses then gets its places as events. Otherwise it gets comments alone.
   */
  mayBegin?: boolean;
  /** The fields of the request that an answer of ours repeats; read when one is written. */
  repeated?: () => JsonObject;
};

/** Before the request is accepted. */
export const unwanted: Required<Wanted> = {
  model: null,
  framing: null,
  mayBegin: false,
  repeated: () => ({}),
};
