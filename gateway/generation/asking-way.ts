import { dialects } from "../dialects/all.ts";
import { overflowCode } from "../dialects/context-overflow.ts";
import { hasLateSystem } from "../dialects/late-system.ts";
import { GatewayError } from "../errors.ts";
import { thoughtsOf } from "../upstreams/converted-marks.ts";
import { modelAt } from "../upstreams/destination.ts";
import { isConvertible, isNative, lacksPath } from "../upstreams/speaks.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import { namesTools } from "./conversion-of.ts";
import type { Accepted } from "./reserve.ts";

/** How an upstream is asked. */
export type AskingWay = {
  /** In another dialect than the client's. */
  readonly converts: boolean;
  /** What the system says in mid-conversation is the user's. */
  readonly demotes: boolean;
  /** Without the thoughts of earlier turns. */
  readonly dropsThoughts: boolean;
  /** A stream is asked for its usage, though the client did not ask. */
  readonly asksUsage: boolean;
};

/** A way, and what to remember of the upstream if it works out. */
export type NextAsking = AskingWay & {
  learn(): void;
  /** A guess: if it fails, the first error says more. */
  readonly isGuess: boolean;
};

/** What one generation is for its upstream. */
export type Attempt = {
  readonly upstream: Upstream;
  readonly dialect: Accepted["exchange"]["dialect"];
  readonly path: string;
  readonly model: string;
  readonly body: Buffer | null;
  readonly hasAgentItems: boolean;
  /** The client streams, and has not asked for usage itself. */
  readonly streamsWithoutUsage: boolean;
};

export function attemptOf(
  { exchange, request, destination }: Accepted,
  upstream: Upstream,
): Attempt {
  const { dialect, path } = exchange;
  const model = modelAt(destination, upstream) ?? request.fields.model ?? "";
  const body = request.parsed && Buffer.isBuffer(request.body) ? request.body : null;
  const { hasAgentItems } = request;
  const { stream, includeUsage } = request.fields;
  const streamsWithoutUsage = stream && !includeUsage;
  return { upstream, dialect, path, model, body, hasAgentItems, streamsWithoutUsage };
}

function speaksLate({ body, dialect }: Attempt): boolean {
  const { conversation } = dialects[dialect].prompt;
  if (body === null || conversation === null || typeof conversation === "string") return false;
  return hasLateSystem(body, conversation);
}

const agentMark = "agent items";
const lateMark = (model: string): string => `late system ${model}`;
const toolsMark = (model: string): string => `tools in chat ${model}`;

const plainWay = { dropsThoughts: false, asksUsage: true };

/** The way that an upstream takes, as far as it is known. */
export function firstWay(attempt: Attempt): AskingWay {
  const { upstream, dialect, path, model, body } = attempt;
  const { refused } = upstream;
  // Most upstreams have refused nothing.
  const hasRefused = (mark: (model: string) => string): boolean =>
    refused.size > 0 && refused.get(mark(model)) !== undefined;
  const demotes = hasRefused(lateMark) && speaksLate(attempt);
  if (!isNative(upstream, dialect)) return { ...plainWay, converts: true, demotes };
  // Other servers than OpenAI's leave such tools out and say nothing, as llama.cpp does.
  const knowsItems = upstream.type === "openai" && refused.get(agentMark) === undefined;
  const cannot = (): boolean =>
    (!knowsItems && attempt.hasAgentItems) ||
    (hasRefused(toolsMark) && body !== null && namesTools(body));
  const converts = isConvertible(upstream, dialect, path) && cannot();
  return { ...plainWay, converts, demotes };
}

/** An upstream's refusal of the request itself: no trouble of its own, and no matter of its length. */
function isRefusal(error: GatewayError): boolean {
  if (error.status === 429 || error.shownCode === overflowCode) return false;
  return ["upstream_rejected", "upstream_auth", "upstream_error", "not_supported"].includes(
    error.code,
  );
}

/** Where templates take the system's words (Qwen), and Anthropic's own API. */
const lateWords = /system|developer|role/i;

/** OpenAI's chat on tools with an effort. */
const responsesWords = /\/v1\/responses/;

/** Anthropic on a thought that another server has signed: "Invalid `signature` in `thinking` block". */
const proofWords = /signature.*thinking|thinking.*signature/i;

function hasThoughts({ body, dialect, upstream }: Attempt): boolean {
  const { request, upstreams } = dialects[dialect];
  if (body === null || request.fit === null || upstreams.ownOf !== upstream.family) return false;
  return body.includes('thinking"');
}

/** The fields in which thoughts of earlier turns stand. */
const thoughtWords = /reasoning_content|extra_content|thought_signature/;

/**
 * Another way to ask after an upstream has refused one; null if there is none. Nothing of an answer
 * may have come.
 */
export function nextWay(way: AskingWay, error: unknown, attempt: Attempt): NextAsking | null {
  if (!(error instanceof GatewayError)) return null;
  return way.converts ? nextConversion(way, error, attempt) : nextPass(way, error, attempt);
}

/** Groq and Mistral refuse thoughts of earlier turns. */
function nextConversion(way: AskingWay, error: GatewayError, attempt: Attempt): NextAsking | null {
  const { refused } = attempt.upstream;
  const mark = thoughtsOf(attempt.model);
  if (!isRefusal(error) || !thoughtWords.test(error.message) || refused.get(mark)) return null;
  refused.set(mark, true);
  return { ...way, isGuess: false, learn() {} };
}

const usageWords = /stream_?options|include_usage/i;

/** How servers answer a field that they do not know. */
const unknownField: ReadonlySet<number> = new Set([400, 422]);

/**
 * Without `stream_options`, which older servers refuse, and which the client has not sent. An
 * upstream that has taken them before refuses something else, unless it says so.
 */
function nextWithoutUsage(
  way: AskingWay,
  error: GatewayError,
  { upstream, dialect, streamsWithoutUsage }: Attempt,
): NextAsking | null {
  const { kind, streamUsage, takesStreamOptions } = upstream;
  const asks = way.asksUsage && streamsWithoutUsage && dialects[dialect].answer.askedUsage !== null;
  if (!asks || kind === "llamacpp" || streamUsage !== "auto" || takesStreamOptions === false) {
    return null;
  }
  const isNamed = usageWords.test(`${error.message} ${error.param}`);
  if (!unknownField.has(error.status) || !(isNamed || takesStreamOptions === null)) return null;
  const learn = (): void => {
    upstream.takesStreamOptions = false;
  };
  return { ...way, asksUsage: false, isGuess: !isNamed, learn };
}

function nextPass(way: AskingWay, error: GatewayError, attempt: Attempt): NextAsking | null {
  const { upstream, dialect, path, model } = attempt;
  const { refused, lacks, spoke } = upstream;
  const refuses = isRefusal(error);
  if (refuses && !way.demotes && lateWords.test(error.message) && speaksLate(attempt)) {
    const learn = (): void => refused.set(lateMark(model), true);
    return { ...way, demotes: true, isGuess: false, learn };
  }
  if (refuses && !way.dropsThoughts && proofWords.test(error.message) && hasThoughts(attempt)) {
    // Each proof is of one conversation: nothing is to be remembered of the upstream.
    return { ...way, dropsThoughts: true, isGuess: false, learn() {} };
  }
  const withoutUsage = refuses ? nextWithoutUsage(way, error, attempt) : null;
  if (withoutUsage !== null) return withoutUsage;
  const converted = { ...way, converts: true };
  const isOwn = dialects[dialect].upstreams.ownOf === upstream.family;
  if (!isConvertible(upstream, dialect, path)) {
    // The same API, with functions in place of freeform tools.
    const helps = refuses && isOwn && attempt.hasAgentItems && !lacksPath(error);
    return helps ? { ...converted, isGuess: true, learn() {} } : null;
  }
  if (refuses && responsesWords.test(error.message) && isOwn) {
    return { ...converted, isGuess: true, learn: () => refused.set(toolsMark(model), true) };
  }
  if (refuses && attempt.hasAgentItems && !lacksPath(error)) {
    return { ...converted, isGuess: true, learn: () => refused.set(agentMark, true) };
  }
  // It was the path that the upstream did not know, not the model.
  const learn = (): void => void lacks.add(dialect);
  if (lacksPath(error) && !isOwn) return { ...converted, isGuess: false, learn };
  // What it has never answered, it may not know: servers say so in many ways.
  if (refuses && !isOwn && !spoke.has(dialect)) return { ...converted, isGuess: true, learn };
  return null;
}
