import type { Answer } from "../answer/answer.ts";
import { withField, withIncludeUsage, withModel, withStream } from "../dialects/json/json-edit.ts";
import { findTopLevel } from "../dialects/json/json-scan.ts";
import type { Dialect } from "../exchange.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { Accepted } from "./reserve.ts";

/** The dialects whose answers carry the request id as their top-level `id`. */
export const carriesOurId: ReadonlySet<Dialect> = new Set(["chat", "completions"]);

/** How this exchange's request differs from what the client wrote, and its answer with it. */
export type Plan = {
  /** The upstream speaks another dialect. */
  readonly converts: boolean;
  /** What the upstream calls the model; null: as the client did. */
  readonly model: string | null;
  /** The gateway's own at the upstream; null: it has none. */
  readonly key: string | null;
  /** Its stream is put together to one JSON answer. */
  readonly assembles: boolean;
  /** It asks for the usage chunk; `dropUsage` where the client did not. */
  readonly addsUsage: boolean;
  readonly dropUsage: boolean;
  /** Tells, once usage is known, what it cost; null where nobody is told. US dollars. */
  readonly cost: (() => number | null) | null;
  /** It asks for the progress of the prompt, which the client gets in our form. */
  readonly addsProgress: boolean;
};

const asItIs: Omit<Plan, "converts" | "model" | "key" | "cost"> = {
  assembles: false,
  addsUsage: false,
  dropUsage: false,
  addsProgress: false,
};

export function planOf(
  accepted: Accepted,
  answer: Answer,
  given: Pick<Plan, "converts" | "model" | "cost"> & {
    upstream: Upstream;
    streamUpstream: boolean;
  },
): Plan {
  const { exchange, asked } = accepted;
  const { upstream, converts, model, cost, streamUpstream } = given;
  const { stream, includeUsage } = asked.fields;
  const { body } = asked;
  const plan = { ...asItIs, converts, model, key: upstream.key, cost };
  if (!carriesOurId.has(exchange.dialect) || !Buffer.isBuffer(body)) return plan;
  // Streams of the OpenAI family tell their usage only when asked; a conversion always tells it.
  // OpenRouter's tell it always.
  const hidesUsage = stream && !includeUsage && !exchange.isOpenRouter;
  if (converts) return { ...plan, dropUsage: hidesUsage };
  if (upstream.kind !== "llamacpp")
    return { ...plan, addsUsage: stream && !includeUsage, dropUsage: hidesUsage };
  // llama.cpp's `timings` tell as much, and where its usage is asked for, they move.
  const assembles = !stream && streamUpstream;
  const addsProgress =
    stream &&
    !exchange.isOpenRouter &&
    exchange.dialect === "chat" &&
    answer.tellsProgress &&
    findTopLevel(body, "return_progress").length === 0;
  const addsUsage = assembles || (exchange.isOpenRouter && stream && !includeUsage);
  return { ...plan, assembles, addsUsage, addsProgress };
}

/** The request's body with the edits of the plan; all else keeps its bytes. */
export function bodyOf(body: Buffer, plan: Plan): Buffer {
  let edited = plan.model === null ? body : withModel(body, plan.model);
  if (plan.assembles) edited = withStream(edited, true);
  if (plan.addsUsage) edited = withIncludeUsage(edited);
  return plan.addsProgress ? withField(edited, "return_progress", "true") : edited;
}
