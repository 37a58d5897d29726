import type { Answer } from "../answer/answer.ts";
import { dialects } from "../dialects/all.ts";
import type { Dialect } from "../dialects/dialect.ts";
import { withField, withStream } from "../dialects/json/json-edit.ts";
import { findTopLevel } from "../dialects/json/json-scan.ts";
import { type FittedBody, withoutLateSystem } from "../dialects/late-system.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { Accepted } from "./reserve.ts";

/** How the upstream's request differs from the client's, and the answer with it. */
export type Plan = {
  /** The upstream speaks another dialect. */
  readonly converts: boolean;
  /** The model's name at the upstream; null: the client's name for it. */
  readonly model: string | null;
  /** The gateway's own key at the upstream; null: it has none. */
  readonly key: string | null;
  /** The upstream's stream is put together to one JSON answer. */
  readonly assembles: boolean;
  /** The request asks for the usage chunk; `dropUsage` if the client did not. */
  readonly addsUsage: boolean;
  readonly dropUsage: boolean;
  /** The client gets no `"usage":null`, which asking for usage puts into every chunk. */
  readonly dropNullUsage: boolean;
  /** What it cost in US dollars, once usage is known; null if the client is not told. */
  readonly cost: (() => number | null) | null;
  /** The request asks for the progress of the prompt, which the client gets in our form. */
  readonly addsProgress: boolean;
  /** The body with what this upstream would refuse mended in place; null: as it came. */
  readonly fitted: FittedBody | null;
};

const asItIs: Omit<Plan, "converts" | "model" | "key" | "cost"> = {
  assembles: false,
  addsUsage: false,
  dropUsage: false,
  dropNullUsage: false,
  addsProgress: false,
  fitted: null,
};

export function planOf(
  accepted: Accepted,
  answer: Answer,
  given: Pick<Plan, "converts" | "model" | "cost"> & {
    upstream: Upstream;
    streamUpstream: boolean;
    /** What the system says in mid-conversation is the user's. */
    demotes: boolean;
  },
): Plan {
  const { exchange, request } = accepted;
  const { upstream, converts, model, cost, streamUpstream } = given;
  const { stream, includeUsage } = request.fields;
  const { body, parsed } = request;
  const fitted = converts ? null : fittedBody(accepted, upstream, given.demotes);
  const plan = { ...asItIs, converts, model, key: upstream.key, cost, fitted };
  const form = dialects[exchange.dialect].answer;
  if (form.askedUsage === null || !parsed || !Buffer.isBuffer(body)) return plan;
  // Conversions and OpenRouter's streams tell their usage without being asked.
  const hidesUsage = stream && !includeUsage && !exchange.isOpenRouter;
  if (converts) return { ...plan, dropUsage: hidesUsage };
  if (upstream.kind !== "llamacpp") {
    // OpenRouter itself sends no null, and its client takes none.
    const dropNullUsage = stream && (!includeUsage || exchange.isOpenRouter);
    return { ...plan, addsUsage: stream && !includeUsage, dropUsage: hidesUsage, dropNullUsage };
  }
  // llama.cpp's `timings` tell as much, and they move when usage is asked for.
  const assembles = form.assemble !== null && !stream && streamUpstream;
  const addsProgress =
    stream &&
    !exchange.isOpenRouter &&
    form.progress !== null &&
    answer.tellsProgress &&
    findTopLevel(body, "return_progress").length === 0;
  const addsUsage = assembles || (exchange.isOpenRouter && stream && !includeUsage);
  return { ...plan, assembles, addsUsage, addsProgress };
}

/** What this upstream would refuse of a request that passes as it is, mended in place. */
function fittedBody(
  { exchange, request }: Accepted,
  { family }: Upstream,
  demotes: boolean,
): FittedBody | null {
  const { request: form, prompt, upstreams } = dialects[exchange.dialect];
  if (!request.parsed || !Buffer.isBuffer(request.body)) return null;
  const isOwn = upstreams.ownOf === family && form.fit !== null;
  if (!isOwn && !demotes) return null;
  const own =
    isOwn && form.fit !== null ? form.fit(request.body) : { body: request.body, changed: [] };
  const { conversation } = prompt;
  if (!demotes || conversation === null || typeof conversation === "string") return own;
  const { body, changed } = withoutLateSystem(own.body, conversation);
  return { body, changed: [...own.changed, ...changed] };
}

/** The request's body with the edits of the plan; all else keeps its bytes. */
export function bodyOf(body: Buffer, plan: Plan, { request, answer }: Dialect): Buffer {
  const given = plan.fitted?.body ?? body;
  let edited = plan.model === null ? given : request.withModel(given, plan.model);
  if (plan.assembles) edited = withStream(edited, true);
  if (plan.addsUsage && answer.askedUsage !== null) edited = answer.askedUsage.ask(edited);
  return plan.addsProgress ? withField(edited, "return_progress", "true") : edited;
}
