import type { Exchange } from "../exchange.ts";

/** What a middleware of one's own sees of a generation: read, its sender known, not yet routed. */
export type MiddlewareRequest = {
  readonly id: string;
  readonly requestId: string;
  readonly user: string;
  readonly role: string;
  readonly method: string;
  readonly path: string;
  readonly dialect: Exchange["dialect"];
  readonly model: string | null;
  readonly stream: boolean;
  readonly isPublic: boolean;
  readonly address: string;
  /** In lower case, without credentials. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As it came; null where nobody reads it (audio, images). */
  readonly body: Buffer | null;
  /** Sets a header of the answer. */
  setHeader(name: string, value: string): void;
};

/** What comes of it: nothing, another model, or an answer of 4xx with this message. */
export type MiddlewareResult =
  | undefined
  | { readonly model: string }
  | { readonly refuse: { readonly status?: number; readonly message: string } };

// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is the usual one
type Returned = MiddlewareResult | void;

/** Runs for each generation, between those before and after it in the list. */
export type Middleware = (request: MiddlewareRequest) => Returned | Promise<Returned>;

/**
 * What the file of a middleware exports, by default or as `middleware`; it gets its options once.
 */
export type CreateMiddleware = (
  options: Readonly<Record<string, unknown>>,
) => Middleware | Promise<Middleware>;
