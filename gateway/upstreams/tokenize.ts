import PQueue from "p-queue";
import { GatewayError } from "../errors.ts";
import type { JsonObject } from "../json-object.ts";
import type { StopSignal } from "../stop-signal.ts";
import { answeredObject } from "./answered-object.ts";
import { collect } from "./collect.ts";
import { addKeyHeaders } from "./key-headers.ts";
import {
  type Counted,
  countQuestion,
  plainText,
  type Question,
  templateQuestion,
  textQuestion,
  vllmQuestion,
} from "./tokenize-questions.ts";
import type { Upstream } from "./upstream.ts";

export type TokenizeAsk = Counted & { readonly upstream: Upstream };

export type TokenizeOptions = {
  timeoutMs?: number;
  /** Questions to one upstream at once; others wait for their turn, within the time. */
  atOnce?: number;
  /** How long an upstream is not asked after it did not answer in time. Milliseconds. */
  restMs?: number;
  /** False for an upstream that is known not to answer; true by default. */
  usable?: (upstream: string) => boolean;
  /** Told what went wrong, in words without a prompt. */
  onTrouble?: (message: string) => void;
};

/** What has been seen of an upstream; `lacks` are paths it does not know. */
type Seen = { readonly questions: PQueue; restsUntil: number; readonly lacks: Set<string> };

/** The most waiting questions. More prompts are not counted. */
const mostWaiting = 128;

/** What is larger takes longer to count than anyone would wait. */
const mostBytes = 512 * 1024;
/** Ids of tokens, with room to spare. */
const mostAnswer = 8 * mostBytes;

/** How vLLM names what it has not: a model, and no path. */
const vllmUnknownModel = "NotFoundError";

const isLlama = ({ kind }: Upstream): boolean => kind === "llamacpp";
const isVllm = ({ type }: Upstream): boolean => type === "vllm";

/**
 * Asks llama.cpp and vLLM for the tokens of a prompt. They answer while they generate. Null if no
 * upstream can answer, or if there is no room. Else it resolves with the tokens, or with null if
 * the answer did not come in time. Never rejects.
 */
export function createTokenize(
  options: TokenizeOptions = {},
): (ask: TokenizeAsk) => Promise<number | null> | null {
  const { timeoutMs = 300, atOnce = 4, restMs = 10_000, usable, onTrouble } = options;
  const all = new WeakMap<Upstream, Seen>();

  async function counted(ask: TokenizeAsk, seen: Seen, signal: StopSignal): Promise<number | null> {
    const { upstream } = ask;
    // It may have fallen silent while this one waited.
    if (performance.now() < seen.restsUntil) return null;
    const put: Put = async (question) => {
      if (question === null || seen.lacks.has(question.path)) return null;
      try {
        return await putQuestion(upstream, question, timeoutMs, signal);
      } catch (error) {
        if (!(error instanceof GatewayError) || error.status !== 404) throw error;
        if (error.type !== vllmUnknownModel) seen.lacks.add(question.path);
        return null;
      }
    };
    try {
      return await (isVllm(upstream) ? byVllm(ask, put) : byLlama(ask, put));
    } catch (error) {
      const isSilent = signal.aborted || !isRefusal(error);
      if (isSilent) seen.restsUntil = performance.now() + restMs;
      const when = isSilent ? " in time" : "";
      onTrouble?.(`${upstream.name} did not count the tokens of a prompt${when}`);
      return null;
    }
  }

  return (ask) => {
    const { upstream, body } = ask;
    if (!isLlama(upstream) && !isVllm(upstream)) return null;
    if (body.length > mostBytes || usable?.(upstream.name) === false) return null;
    const seen = all.get(upstream) ?? firstSeen(atOnce);
    all.set(upstream, seen);
    if (
      seen.questions.size + seen.questions.pending >= mostWaiting ||
      performance.now() < seen.restsUntil
    )
      return null;
    const signal = AbortSignal.timeout(timeoutMs);
    return inTurn(seen.questions, () => counted(ask, seen, signal), signal);
  };
}

const firstSeen = (atOnce: number): Seen => ({
  questions: new PQueue({ concurrency: atOnce }),
  restsUntil: 0,
  lacks: new Set(),
});

/** Runs `work` in its turn. Resolves with null if `signal` aborts before that. */
async function inTurn<Result>(
  queue: PQueue,
  work: () => Promise<Result>,
  signal: StopSignal,
): Promise<Result | null> {
  // p-queue gives away the slot of a running task as soon as its signal aborts. Then the next
  // question would reach an upstream that is not yet known to be silent. So p-queue gets a signal
  // that ends only the waiting.
  const waiting = new AbortController();
  const leave = (): void => waiting.abort();
  signal.addEventListener("abort", leave, { once: true });
  const begin = (): Promise<Result> => {
    signal.removeEventListener("abort", leave);
    return work();
  };
  try {
    return await queue.add(begin, { signal: waiting.signal });
  } catch (error) {
    if (waiting.signal.aborted) return null;
    throw error;
  }
}

/** Null where there is nothing to ask, or the server does not know the path. */
type Put = (question: Question | null) => Promise<JsonObject | null>;

/** A server that is too old to count makes a text of a conversation, and takes it apart. */
async function byLlama(ask: Counted, put: Put): Promise<number | null> {
  const counted = await put(countQuestion(ask));
  if (counted !== null) return numberIn(counted.input_tokens);
  const templated = await put(templateQuestion(ask));
  const text = templated === null ? plainText(ask) : templated.prompt;
  if (typeof text !== "string") return null;
  const told = await put(textQuestion(text, ask.model));
  return Array.isArray(told?.tokens) ? told.tokens.length : null;
}

async function byVllm(ask: Counted, put: Put): Promise<number | null> {
  return numberIn((await put(vllmQuestion(ask)))?.count);
}

const numberIn = (value: unknown): number | null =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;

/** It answered with a refusal, so it needs no rest. */
function isRefusal(error: unknown): boolean {
  return error instanceof GatewayError && error.status >= 400 && error.status < 500;
}

async function putQuestion(
  upstream: Upstream,
  { path, body }: Question,
  timeoutMs: number,
  signal: StopSignal,
): Promise<JsonObject> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  addKeyHeaders(headers, upstream.key, upstream.family);
  const outbound = {
    method: "POST",
    path: upstream.prefix + path,
    headers,
    body,
    firstByteMs: timeoutMs,
    idleMs: timeoutMs,
    // No kept connection can have died under it.
    fresh: true,
  };
  return answeredObject((await collect(upstream, outbound, signal, mostAnswer)).bytes);
}
