import type { Answer } from "../answer/answer.ts";
import { dialects } from "../dialects/all.ts";
import type { BodyEdits } from "../dialects/edit-body.ts";
import { asksForUsage, kindOf, type Upstream } from "../upstreams/upstream.ts";
import type { Accepted } from "./reserve.ts";

/** How the upstream's request differs from the client's, and the answer with it. */
export type Plan = BodyEdits & {
  /** The upstream speaks another dialect. */
  readonly converts: boolean;
  /** The gateway's own key at the upstream; null: it has none. */
  readonly key: string | null;
  /** The client did not ask for the usage chunk. */
  readonly dropUsage: boolean;
  /** The client gets no `"usage":null`, which asking for usage puts into every chunk. */
  readonly dropNullUsage: boolean;
  /** What it cost in US dollars, once usage is known; null if the client is not told. */
  readonly cost: (() => number | null) | null;
};

const noMends = { fits: false, dropsThoughts: false, demotes: false };

const asItIs: Omit<Plan, "converts" | "model" | "key" | "cost"> = {
  assembles: false,
  addsUsage: false,
  dropUsage: false,
  dropNullUsage: false,
  addsProgress: false,
  ...noMends,
};

export function planOf(
  accepted: Accepted,
  answer: Answer,
  given: Pick<Plan, "converts" | "model" | "cost"> & {
    upstream: Upstream;
    streamUpstream: boolean;
    /** What the system says in mid-conversation is the user's. */
    demotes: boolean;
    /** The upstream has refused a thought of an earlier turn. */
    dropsThoughts: boolean;
    /** False if the upstream has just refused to be asked for usage. */
    asksUsage: boolean;
  },
): Plan {
  const { exchange, request } = accepted;
  const { upstream, converts, model, cost, streamUpstream } = given;
  const { stream, includeUsage, returnsProgress, losesInStream } = request.fields;
  const { body, parsed } = request;
  const mends = converts ? noMends : mendsOf(accepted, upstream, given);
  const plan = { ...asItIs, converts, model, key: upstream.key, cost, ...mends };
  const asks = given.asksUsage && asksForUsage(upstream);
  const form = dialects[exchange.dialect].answer;
  if (form.askedUsage === null || !parsed || !Buffer.isBuffer(body)) return plan;
  // Conversions and OpenRouter's streams tell their usage without being asked.
  const hidesUsage = stream && !includeUsage && !exchange.isOpenRouter;
  if (converts) return { ...plan, dropUsage: hidesUsage };
  if (kindOf(upstream, model ?? request.fields.model) !== "llamacpp") {
    // OpenRouter itself sends no null, and its client takes none.
    const dropNullUsage = stream && (!includeUsage || exchange.isOpenRouter);
    return {
      ...plan,
      addsUsage: asks && stream && !includeUsage,
      dropUsage: hidesUsage,
      dropNullUsage,
    };
  }
  // llama.cpp's `timings` tell as much, and they move when usage is asked for.
  const assembles = form.assemble !== null && !stream && streamUpstream && !losesInStream;
  const addsProgress =
    stream &&
    !exchange.isOpenRouter &&
    form.progress !== null &&
    answer.tellsProgress &&
    !returnsProgress;
  const addsUsage = asks && (assembles || (exchange.isOpenRouter && stream && !includeUsage));
  return { ...plan, assembles, addsUsage, addsProgress };
}

/** What an upstream may refuse of a request that passes as it is, to be mended in place. */
function mendsOf(
  { exchange, request }: Accepted,
  { family }: Upstream,
  { demotes, dropsThoughts }: Pick<Plan, "dropsThoughts" | "demotes">,
): Pick<Plan, "fits" | "dropsThoughts" | "demotes"> {
  const { request: form, upstreams } = dialects[exchange.dialect];
  const fits = request.parsed && upstreams.ownOf === family && form.fit !== null;
  return { fits, dropsThoughts: fits && dropsThoughts, demotes: demotes && request.parsed };
}
