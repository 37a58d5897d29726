import type { Answer } from "../answer/answer.ts";
import { createAssembleShaper } from "../answer/assemble-shaper.ts";
import { createBytesShaper } from "../answer/bytes-shaper.ts";
import { eventOfError } from "../answer/error-words.ts";
import { createEventShaper } from "../answer/event-shaper.ts";
import { createJsonShaper } from "../answer/json-shaper.ts";
import { createPricedShaper } from "../answer/priced-shaper.ts";
import { createTopLevelRenamer, type Renamer } from "../answer/renamer.ts";
import { createResponseRenamer } from "../answer/response-renamer.ts";
import type { Shaper } from "../answer/shaper.ts";
import { eventWithCost } from "../dialects/openrouter/openrouter-cost.ts";
import { createProgressTeller } from "../dialects/sse/progress-events.ts";
import { carriesUsage, type StreamEnd } from "../dialects/sse/stream-events.ts";
import { isRaised, streamError } from "../dialects/stream-error.ts";
import type { Dialect } from "../exchange.ts";
import { carriesOurId, type Plan } from "./plan.ts";
import type { Accepted } from "./reserve.ts";

/** The dialects whose JSON answers are read whole; others may be long, or no JSON at all. */
const readsWhole = new Set<Dialect>(["chat", "completions", "messages", "responses", "gemini"]);

/** What turns an answer of this content type into what the client gets, watched by the meter. */
export function shaperFor(accepted: Accepted, answer: Answer, type: string, plan: Plan): Shaper {
  const shaper = plainShaperFor(accepted, answer, type, plan);
  return plan.cost === null || shaper.streams ? shaper : createPricedShaper(shaper, plan.cost);
}

/** The one event with usage gets its cost. */
const priced =
  (cost: () => number | null) =>
  (event: string): string => {
    const total = carriesUsage(event, "chat") ? cost() : null;
    return total === null ? event : eventWithCost(event, { total, parts: null });
  };

function plainShaperFor(accepted: Accepted, answer: Answer, type: string, plan: Plan): Shaper {
  const { exchange, request, meter } = accepted;
  const { dialect, requestId } = exchange;
  if (type.startsWith("text/event-stream")) {
    const watch = (event: string, end: StreamEnd | null): void => meter.event(event, end);
    if (plan.assembles && (dialect === "chat" || dialect === "completions")) {
      const { prompts } = request.fields;
      return createAssembleShaper({ dialect, id: requestId, prompts, watch });
    }
    const told = { model: request.fields.model, events: answer.begunResponse?.events ?? 0 };
    const retell = (event: string): string => {
      const { isOpenRouter } = exchange;
      if (!isOpenRouter && isRaised(event, dialect)) return event;
      return eventOfError(streamError(event), exchange, told);
    };
    return createEventShaper({
      dialect,
      renamer: renamerFor(accepted, answer),
      dropUsage: plan.dropUsage,
      watch,
      secret: plan.key,
      retell,
      amend: plan.addsProgress
        ? progressFor(accepted)
        : plan.cost === null
          ? null
          : priced(plan.cost),
    });
  }
  if (readsWhole.has(dialect) && type.includes("json")) {
    const id = carriesOurId.has(dialect) ? requestId : null;
    return createJsonShaper({ id, secret: plan.key }, meter);
  }
  return createBytesShaper(type.includes("json") ? (bytes) => meter.chunk(bytes) : () => {});
}

function renamerFor({ exchange }: Accepted, answer: Answer): Renamer | null {
  if (carriesOurId.has(exchange.dialect)) return createTopLevelRenamer(exchange.requestId);
  const begun = answer.begunResponse;
  return begun === null ? null : createResponseRenamer(begun);
}

function progressFor({ exchange, request }: Accepted): (event: string) => string {
  const { requestId, startedAt } = exchange;
  const created = Math.floor(startedAt / 1000);
  return createProgressTeller({ requestId, created, model: request.fields.model ?? "" });
}
