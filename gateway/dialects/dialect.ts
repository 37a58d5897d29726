import type { IncomingHttpHeaders } from "node:http";
import type { GatewayError } from "../errors.ts";
import type { JsonObject } from "../json-object.ts";
import type { DialectName } from "./all.ts";
import type { StreamFraming } from "./framing.ts";
import type { EmbeddingTranslator, Translator } from "./hub/hub.ts";
import type { FittedBody } from "./late-system.ts";
import type { Assembly } from "./openai-chat/assembly.ts";
import type { ProgressNote } from "./openai-chat/progress-events.ts";
import type { PlaceNote } from "./place-words.ts";
import type { BegunAnswer, Renamer } from "./renamer.ts";
import type { RequestFields } from "./request-fields.ts";
import type { BrokenStream } from "./stream-error.ts";

/** A generation waits for a slot and has a row in the ledger; a read never waits and has none. */
export type Kind = "generation" | "read";

/** Which API an upstream has. */
export type Family = "openai" | "anthropic" | "google";

/**
 * An API shape that clients speak: everything the gateway knows of it. Each has a folder, and a line
 * in `all.ts`. Functions that take an event get one whole event as latin1 text (one character a
 * byte), run for each event, and parse nothing.
 */
export type Dialect = {
  /** How ledger, logs, metrics and middlewares call it. */
  readonly name: DialectName;
  readonly paths: DialectPaths;
  readonly request: DialectRequest;
  readonly prompt: DialectPrompt;
  /** The framing of its streams. An answer that is not streamed is JSON. */
  readonly framing: StreamFraming;
  readonly events: DialectEvents;
  readonly usage: DialectUsage;
  readonly answer: DialectAnswer;
  readonly places: DialectPlaces;
  readonly errors: DialectErrors;
  readonly headers: DialectHeaders;
  readonly upstreams: DialectUpstreams;
  /** Its list of models; null if its clients read that of another dialect. */
  readonly models: DialectModels | null;
  /** Answers all reads of the dialect, so that none reaches an upstream; null: they pass on. */
  readonly own: DialectOwn | null;
  /** What changes below `/api/v1`, where OpenRouter's clients ask. */
  readonly openRouter: DialectOpenRouter;
};

/** Where clients ask. Paths are judged: without the query, without the `/api` of the alias. */
export type DialectPaths = {
  /** All of its paths begin so: `/v1/`. Null: they stand alone, as `/completion`. */
  readonly root: string | null;
  /** A path that is one of these, or lies under one, is of this dialect. */
  readonly under: readonly string[];
  /** POSTs that generate and have a JSON body that `request` reads. */
  readonly generations: readonly string[];
  /** POSTs that do not generate, but name a model: they are asked where that model is. */
  readonly questions: readonly string[];
  /** Other POSTs that do not generate. Exact: an unknown POST like one of these must not slip by. */
  readonly reads: readonly string[];
  /** Every POST under these reads: `/v1/files/`. */
  readonly readsUnder: readonly string[];
  /** `{prefix}{id}/cancel` stops work and starts none. */
  readonly cancels: readonly string[];
  /** What a POST is on a path that has the model in it; null for other paths. */
  readonly kindAt: ((path: string) => "generation" | "question" | null) | null;
};

/** What a request says besides its body. */
export type RequestTarget = { readonly path: string; readonly query: string };

export type DialectRequest = {
  /** Reads and checks a body. Throws GatewayError (400) that names the field in `param`. */
  read(bytes: Buffer, target: RequestTarget): RequestFields;
  /** The model that a question names, in path or body; null for none. Throws 400 for two. */
  modelOf(bytes: Buffer, path: string): string | null;
  /** The body with another model. */
  withModel(bytes: Buffer, model: string): Buffer;
  /** The path with another model. */
  pathWithModel(path: string, model: string): string;
  /**
   * The body as the provider's own servers take it, although another model wrote a part of the
   * conversation; null if they take any.
   *
   * @param dropsThoughts - leaves out every thought of earlier turns
   */
  readonly fit: ((bytes: Buffer, dropsThoughts: boolean) => FittedBody) | null;
};

/** Where a conversation has its system prompt, its turns, and what stands in each. */
export type TurnFields = {
  readonly system: readonly string[];
  readonly turns: string;
  readonly parts: string;
  /** A turn without a role is the user's. */
  readonly rolesOptional: boolean;
};

export type DialectPrompt = {
  /** Top-level fields that hold the prompt. */
  readonly fields: readonly string[];
  /** True for a conversation: a tokenizer adds tokens for each turn. */
  readonly isConversation: boolean;
  /** It has items and tools that not every server knows: freeform tools, those of coding agents. */
  readonly hasAgentItems: boolean;
  /** False for what answers without tokens of its own: embeddings, reranking. */
  readonly generates: boolean;
  /**
   * What names the conversation that a request goes on with: its first turns, or the beginning of
   * one text (the name of its field). Null if requests do not follow each other.
   */
  readonly conversation: TurnFields | string | null;
  /** The field that may hold the whole prompt as one text; null for none. */
  readonly textField: string | null;
  /** Where llama.cpp counts such a request as it is; null for nowhere. */
  readonly llamaCountPath: string | null;
  /** llama.cpp's `/apply-template` and vLLM's `/tokenize` take its messages. */
  readonly isTemplated: boolean;
  /** How its own question for a count is answered when the upstream cannot; null: with a 400. */
  readonly count: CountForm | null;
};

export type CountForm = {
  /** Converts the question for the upstream before it estimates. */
  readonly converts: boolean;
  /** The answer to a question for a count. */
  answer(tokens: number): object;
};

export type DialectEvents = {
  /** The last event: nothing may follow it. */
  isLast(event: string): boolean;
  /** A stream without that event was cut. Other streams end by closing. */
  readonly hasLast: boolean;
  /**
   * The choices of which an event says why they ended, by index. Once all have, the answer is whole,
   * and the last event may be missing.
   */
  endedChoices(event: string): readonly number[];
  /** That last event, for clients that wait for it; `""` if it cannot be supplied. */
  readonly missingLast: string;
  /** Says nothing in this dialect, though servers send it; clients do not get it. */
  isMute(event: string): boolean;
  /** An error; it ends the stream, though not in good order. */
  isError(event: string): boolean;
  /** The last event, if it says what went wrong. */
  isFailure(event: string): boolean;
  /**
   * What was generated that the event brings: text, reasoning or a tool's arguments, as it stands in
   * JSON, escaped. `""` for roles, pings, usage and ends.
   */
  generated(event: string): string;
  /** The event holds numbers for a UsageReader; `"usage":null` holds none. */
  carriesUsage(event: string): boolean;
};

export type DialectUsage = {
  /** True for a top-level field of a JSON answer that may hold its numbers. Only these are parsed. */
  holds(name: string): boolean;
  /** The usage in an event or answer, with names that `countsOf` knows; null for none. */
  usageIn(body: JsonObject): JsonObject | null;
};

export type DialectAnswer = {
  /** A JSON answer is read whole before it goes out. Others may be long, or no JSON at all. */
  readonly isReadWhole: boolean;
  /** The top-level `id` is our request id. */
  readonly carriesRequestId: boolean;
  /** Top-level fields of the request that an answer of the gateway's own repeats. */
  readonly repeats: readonly string[];
  /** Streams tell their usage only when asked; null for those that always do. */
  readonly askedUsage: AskedUsage | null;
  /** Puts the events of a stream together to one JSON answer; null if that is not done. */
  readonly assemble: ((prompts: number) => Assembly) | null;
  /** Rewrites llama.cpp's progress of the prompt for the client; null if that is not done. */
  readonly progress: ((note: ProgressNote) => (event: string) => string) | null;
  /**
   * Puts our id in place of the upstream's.
   * @param begun - the answer that was begun while the client waited; null for none
   */
  renamer(requestId: string, begun: BegunAnswer | null): Renamer | null;
};

export type AskedUsage = {
  /** The body, now asking for usage. */
  ask(bytes: Buffer): Buffer;
  /** The event that holds nothing but the usage. */
  isOnlyUsage(event: string): boolean;
  /** The event without the null that asking puts into it. */
  withoutNull(event: string): string;
};

export type DialectPlaces = {
  /** One or more whole events; null if clients of this dialect take none, but comments. */
  event(note: PlaceNote): string | null;
  /** An answer that place events can begin before the upstream's does; null: they never do. */
  readonly begins: {
    idOf(requestId: string): string;
    /** How many events tell a place, after so many others. */
    eventsAfter(events: number): number;
  } | null;
};

export type DialectErrors = {
  /** The JSON text, in ASCII, that answers `error` with its status. */
  body(error: GatewayError, requestId: string): string;
  /**
   * The same as a whole event, for a stream that has its 200 already: the form that every client of
   * the dialect raises.
   */
  event(error: GatewayError, stream: BrokenStream): string;
  /**
   * True if an upstream's error event has the form that every client raises. Otherwise it must be
   * written anew.
   * @param body - the event's data, parsed; `{}` if it is no JSON object
   */
  isRaised(event: string, body: Readonly<Record<string, unknown>>): boolean;
};

export type DialectHeaders = {
  /** A header for the request id beside `x-request-id`; null for none. */
  readonly requestId: string | null;
  /** The headers that tell how a limit of this kind stands. */
  rateLimit(kind: string): RateLimitNames;
};

export type RateLimitNames = {
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
  /** How the reset is written: `6m0s`, or an instant of RFC 3339. */
  readonly resetAs: "duration" | "instant";
};

export type DialectUpstreams = {
  /** Families of upstreams that take such a request as it is. */
  readonly native: readonly Family[];
  /** True if, of these families, a real Ollama alone does. */
  readonly onlyOllama: boolean;
  /** The family that is asked in this dialect if it does not know the client's. */
  readonly ownOf: Family | null;
  /** Conversion through the hub; null if such a request can only pass. */
  readonly conversion: {
    /** False for a path of this dialect that has no equal in others. */
    takes(path: string): boolean;
    /** Loaded with the first conversion: the start, and memory at rest, need not have it. */
    load(): Promise<Translator | EmbeddingTranslator>;
  } | null;
};

/** A model of the gateway's list, with what its server says of it. */
export type OwnModel = JsonObject & { readonly id: string; readonly created: number };

export type OwnQuestion = {
  readonly method: string;
  readonly path: string;
  /** Null if `readsBody` is false. */
  readonly body: JsonObject | null;
  /** The models that the key may use. */
  readonly models: readonly OwnModel[];
};

export type DialectOwn = {
  /** True for a read that says something in a JSON body. */
  readsBody(method: string, path: string): boolean;
  /** Throws GatewayError for a path that the dialect does not have, or that is not for clients. */
  answer(question: OwnQuestion): object;
};

export type DialectModels = {
  /** `GET` here lists the models, and below it shows one; null: the list has no path of its own. */
  readonly path: string | null;
  /** A client of this dialect, by its headers, though it asks at another list's path. */
  isMeantBy(headers: IncomingHttpHeaders): boolean;
  /** One model of the gateway's list. */
  one(model: OwnModel): object;
  all(models: readonly object[]): object;
};

export type DialectOpenRouter = {
  /** `api_type` of a generation; null for none. */
  readonly apiType: string | null;
  errorBody(error: GatewayError, requestId: string): string;
  errorEvent(error: GatewayError, stream: BrokenStream): string;
};
