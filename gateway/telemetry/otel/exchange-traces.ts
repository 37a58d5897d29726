import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import {
  ATTR_ERROR_TYPE,
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_PATH,
} from "@opentelemetry/semantic-conventions";
import type { Exchange } from "../../exchange.ts";
import { hashedUser } from "../hashed-user.ts";
import type { SettledEvent } from "../settled-event.ts";
import { shownText } from "../shown-text.ts";
import type { AskedUpstream, AttemptSpan, PlainEnd, Tracing, WaitSpan } from "../tracing.ts";
import { attribute, operationOf, providerName, spanName } from "./names.ts";

/** The trace of one exchange. */
type Traced = { readonly span: Span; readonly context: Context; provider: string | null };

/**
 * The traces of exchanges. A span holds ids, names and numbers, never a header, a key or a prompt.
 * Traces are kept by their exchange alone, so nothing remains of one that is over.
 */
export class ExchangeTraces implements Tracing {
  readonly #tracer: Tracer;
  readonly #showsNames: boolean;
  readonly #traced = new WeakMap<Exchange, Traced>();

  constructor(tracer: Tracer, showsNames: boolean) {
    this.#tracer = tracer;
    this.#showsNames = showsNames;
  }

  began(exchange: Exchange): void {
    const { method, traceparent, startedAt } = exchange;
    const path = shownText(exchange.path);
    const parent = traceparent === null ? ROOT_CONTEXT : remoteContext(traceparent);
    const attributes = {
      [ATTR_HTTP_REQUEST_METHOD]: method,
      [ATTR_URL_PATH]: path,
      [attribute.id]: exchange.id,
      [attribute.requestId]: shownText(exchange.requestId),
      [attribute.isPublic]: exchange.isPublic,
    };
    const options = { kind: SpanKind.SERVER, startTime: startedAt, attributes };
    // Anybody can ask for any path: it is in the name only when it is known to be one.
    const span = this.#tracer.startSpan(method, options, parent);
    this.#traced.set(exchange, { span, context: trace.setSpan(parent, span), provider: null });
  }

  traceIdOf(exchange: Exchange): string | null {
    return this.#traced.get(exchange)?.span.spanContext().traceId ?? null;
  }

  traceparentOf(exchange: Exchange): string | null {
    const traced = this.#traced.get(exchange);
    return traced === undefined ? null : traceparentOf(traced.span);
  }

  waits(exchange: Exchange): WaitSpan {
    const span = this.#child(exchange, spanName.wait, SpanKind.INTERNAL, {});
    return {
      ended(slot) {
        if (slot !== null) span.setAttribute(attribute.firstPlace, slot.firstPlace);
        set(span, attribute.estimateSeconds, slot?.estimateSeconds ?? null);
        span.end();
      },
    };
  }

  asks(exchange: Exchange, upstream: AskedUpstream): AttemptSpan {
    const provider = providerName(upstream.provider);
    const traced = this.#traced.get(exchange);
    if (traced !== undefined) traced.provider = provider;
    const model = upstream.model === null ? null : shownText(upstream.model);
    const operation = operationOf(exchange);
    const name = nameOf(operation, model) ?? routeOf(exchange);
    const span = this.#child(exchange, name, SpanKind.CLIENT, {
      ...addressOf(upstream.origin),
      [attribute.provider]: provider,
      [attribute.upstream]: shownText(upstream.name),
    });
    set(span, attribute.operation, operation);
    set(span, attribute.requestModel, model);
    const inAttempt = trace.setSpan(ROOT_CONTEXT, span);
    return {
      traceparent: traceparentOf(span),
      converts: (to) => {
        const attributes = { [attribute.dialect]: exchange.dialect, [attribute.target]: to };
        const converting = this.#tracer.startSpan(spanName.conversion, { attributes }, inAttempt);
        return () => converting.end();
      },
      ended(errorCode) {
        if (errorCode !== null) markFailed(span, errorCode);
        span.end();
      },
    };
  }

  settled(event: SettledEvent): void {
    const { exchange, usage, user, status, errorCode } = event;
    const traced = this.#traced.get(exchange);
    if (traced === undefined) return;
    const { span, provider } = traced;
    const operation = operationOf(exchange);
    const model = event.model === null ? null : shownText(event.model);
    span.updateName(nameOf(operation, model) ?? routeOf(exchange));
    span.setAttributes({
      [attribute.dialect]: exchange.dialect,
      [attribute.state]: event.state,
      [attribute.upstream]: shownText(event.upstream),
      [attribute.timeInQueue]: event.queueMs / 1000,
    });
    set(span, attribute.operation, operation);
    set(span, attribute.provider, provider);
    set(span, attribute.requestModel, model);
    set(span, attribute.inputTokens, usage.input);
    set(span, attribute.outputTokens, usage.output);
    set(span, attribute.cachedTokens, usage.cached);
    set(span, attribute.reasoningTokens, usage.reasoning);
    set(span, attribute.usageSource, usage.source);
    const { firstTokenMs } = event;
    set(span, attribute.timeToFirstToken, firstTokenMs === null ? null : firstTokenMs / 1000);
    this.#end(span, { user, status, errorCode });
  }

  ended(exchange: Exchange, end: PlainEnd): void {
    const traced = this.#traced.get(exchange);
    if (traced === undefined) return;
    if (end.errorCode === null) traced.span.updateName(routeOf(exchange));
    this.#end(traced.span, end);
  }

  /** A refused request is the client's matter: only a 5xx is an error of a server's span. */
  #end(span: Span, { user, status, errorCode }: PlainEnd): void {
    span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, status);
    if (user !== null && this.#showsNames) span.setAttribute(attribute.userName, shownText(user));
    if (user !== null) span.setAttribute(attribute.userHash, hashedUser(user));
    if (errorCode !== null) span.setAttribute(ATTR_ERROR_TYPE, errorCode);
    if (errorCode !== null && status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }

  #child(exchange: Exchange, name: string, kind: SpanKind, attributes: Attributes): Span {
    const context = this.#traced.get(exchange)?.context ?? ROOT_CONTEXT;
    return this.#tracer.startSpan(name, { kind, attributes }, context);
  }
}

/** `chat qwen3`, as the conventions name a span; null where they have no word for it. */
const nameOf = (operation: string | null, model: string | null): string | null =>
  operation === null ? null : [operation, model].filter((part) => part !== null).join(" ");

/** `GET /v1/files`: names must be few, so what may be an id is left out. */
function routeOf({ method, path }: Exchange): string {
  const parts = shownText(path).split("/");
  const isApi = /^v1(beta)?$/.test(parts[1] ?? "");
  return `${method} ${parts.slice(0, isApi ? 3 : 2).join("/")}`;
}

function set(span: Span, name: string, value: string | number | null): void {
  if (value !== null) span.setAttribute(name, value);
}

function markFailed(span: Span, errorCode: string): void {
  span.setAttribute(ATTR_ERROR_TYPE, errorCode);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function addressOf(origin: string): Attributes {
  const { hostname, port, protocol } = new URL(origin);
  const usual = protocol === "https:" ? 443 : 80;
  return { [ATTR_SERVER_ADDRESS]: hostname, [ATTR_SERVER_PORT]: Number(port) || usual };
}

function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
}

/** A well-formed traceparent as the parent of a span. */
function remoteContext(traceparent: string): Context {
  const [, traceId = "", spanId = "", flags = ""] = traceparent.split("-");
  const isSampled = Number.parseInt(flags, 16) & 1;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: isSampled,
    isRemote: true,
  });
}
