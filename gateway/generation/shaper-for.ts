import type { Answer } from "../answer/answer.ts";
import { createAssembleShaper } from "../answer/assemble-shaper.ts";
import { eventOfError } from "../answer/error-text.ts";
import { createEventShaper } from "../answer/event-shaper.ts";
import { createJsonShaper } from "../answer/json-shaper.ts";
import { createBytesShaper, createPricedShaper } from "../answer/plain-shapers.ts";
import type { Shaper } from "../answer/shaper.ts";
import { dialects } from "../dialects/all.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { eventWithCost } from "../dialects/openrouter/openrouter-cost.ts";
import type { StreamEnd } from "../dialects/stream-end.ts";
import { isRaised, streamError } from "../dialects/stream-error.ts";
import type { Plan } from "./plan.ts";
import type { Accepted } from "./reserve.ts";

/** Turns an answer of this content type into what the client gets; the meter watches it. */
export function shaperFor(accepted: Accepted, answer: Answer, type: string, plan: Plan): Shaper {
  const shaper = plainShaperFor(accepted, answer, type, plan);
  const isWhole = shaper.framing === null;
  return plan.cost !== null && isWhole ? createPricedShaper(shaper, plan.cost) : shaper;
}

function plainShaperFor(accepted: Accepted, answer: Answer, type: string, plan: Plan): Shaper {
  const { exchange, meter } = accepted;
  const dialect = dialects[exchange.dialect];
  if (type.startsWith(dialect.framing.mediaType)) return streamShaper(accepted, answer, plan);
  if (dialect.answer.isReadWhole && type.includes("json")) {
    const id = dialect.answer.carriesRequestId ? exchange.requestId : null;
    return createJsonShaper({ id, secret: plan.key }, meter);
  }
  return createBytesShaper(type.includes("json") ? (bytes) => meter.chunk(bytes) : () => {});
}

function streamShaper(accepted: Accepted, answer: Answer, plan: Plan): Shaper {
  const { exchange, request, meter } = accepted;
  const { framing, events, answer: form, errors } = dialects[exchange.dialect];
  const { requestId, isOpenRouter } = exchange;
  const { prompts } = request.fields;
  const watch = (event: string, end: StreamEnd | null): void => meter.event(event, end);
  if (plan.assembles && form.assemble !== null) {
    const assembly = form.assemble(prompts);
    const options = { framing: framing.events, events, assembly, id: requestId, watch };
    return createAssembleShaper(options);
  }
  const begun = answer.begunAnswer;
  return createEventShaper({
    framing,
    events,
    renamer: form.renamer(requestId, begun),
    clean: plan.dropNullUsage ? (form.askedUsage?.withoutNull ?? null) : null,
    isDropped: plan.dropUsage ? (form.askedUsage?.isOnlyUsage ?? null) : null,
    watch,
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
