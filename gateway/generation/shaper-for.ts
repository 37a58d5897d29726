import type { Answer } from "../answer/answer.ts";
import { createAssembleShaper } from "../answer/assemble-shaper.ts";
import { eventOfError } from "../answer/error-text.ts";
import { createEventShaper } from "../answer/event-shaper.ts";
import { createJsonShaper } from "../answer/json-shaper.ts";
import {
  createBytesShaper,
  createPassingJsonShaper,
  createPricedShaper,
} from "../answer/plain-shapers.ts";
import type { Shaper } from "../answer/shaper.ts";
import { dialects } from "../dialects/all.ts";
import type { AnswerKind } from "../dialects/answer-kind.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { eventWithCost } from "../dialects/openrouter/openrouter-cost.ts";
import type { StreamEnd } from "../dialects/stream-end.ts";
import { isRaised, streamError } from "../dialects/stream-error.ts";
import type { Plan } from "./plan.ts";
import type { Accepted } from "./reserve.ts";

/** Turns an answer of this kind into what the client gets; the meter watches it. */
export function shaperFor(
  accepted: Accepted,
  answer: Answer,
  kind: AnswerKind,
  plan: Plan,
): Shaper {
  const shaper = plainShaperFor(accepted, answer, kind, plan);
  const isWhole = shaper.framing === null;
  return plan.cost !== null && isWhole ? createPricedShaper(shaper, plan.cost) : shaper;
}

function plainShaperFor(accepted: Accepted, answer: Answer, kind: AnswerKind, plan: Plan): Shaper {
  const { exchange, meter } = accepted;
  const { answer: form } = dialects[exchange.dialect];
  if (kind === "events") return streamShaper(accepted, answer, plan);
  if (kind !== "json") return createBytesShaper();
  if (!form.isReadWhole) return createPassingJsonShaper((bytes) => meter.chunk(bytes), plan.key);
  const id = form.carriesRequestId ? exchange.requestId : null;
  return createJsonShaper({ id, secret: plan.key }, meter);
}

/** True if a stream is put together for a client that asked for JSON. */
export function isAssembled({ exchange, request }: Accepted, kind: AnswerKind): boolean {
  const { assemble } = dialects[exchange.dialect].answer;
  return kind === "events" && assemble !== null && !request.fields.stream;
}

function streamShaper(accepted: Accepted, answer: Answer, plan: Plan): Shaper {
  const { exchange, request, meter } = accepted;
  const { framing, events, answer: form, errors } = dialects[exchange.dialect];
  const { requestId, isOpenRouter } = exchange;
  const { n, prompts } = request.fields;
  const choices = n * prompts;
  const watch = (event: string, end: StreamEnd | null): void => meter.event(event, end);
  const watchText = (text: string): void => meter.text(text);
  if (form.assemble !== null && isAssembled(accepted, "events")) {
    const assembly = form.assemble(prompts);
    const id = requestId;
    const seen = { watch, watchText };
    return createAssembleShaper({
      framing: framing.events,
      events,
      assembly,
      choices,
      id,
      ...seen,
    });
  }
  const begun = answer.begunAnswer;
  return createEventShaper({
    framing,
    events,
    choices,
    renamer: form.renamer(requestId, begun),
    clean: plan.dropNullUsage ? (form.askedUsage?.withoutNull ?? null) : null,
    isDropped: plan.dropUsage ? (form.askedUsage?.isOnlyUsage ?? null) : null,
    watch,
    watchText,
    secret: plan.key,
    rewriteError(event) {
      if (!isOpenRouter && isRaised(event, framing.events, errors)) return event;
      return eventOfError(streamError(event, framing.events), exchange, answer.brokenStream());
    },
    amend: amendFor(accepted, plan),
  });
}

/** What an event is replaced by: the prompt's progress, or the usage with its cost. */
function amendFor({ exchange, request }: Accepted, plan: Plan): ((event: string) => string) | null {
  const { answer, events } = dialects[exchange.dialect];
  if (plan.addsProgress && answer.progress !== null) {
    const { requestId, startedAt } = exchange;
    const created = Math.floor(startedAt / 1000);
    return answer.progress({ requestId, created, model: request.fields.model ?? "" });
  }
  return plan.cost === null ? null : withCost(events, plan.cost);
}

/** The one event with usage gets its cost. */
function withCost(events: Dialect["events"], cost: () => number | null): (event: string) => string {
  return (event) => {
    const total = events.carriesUsage(event) ? cost() : null;
    return total === null ? event : eventWithCost(event, { total, parts: null });
  };
}
