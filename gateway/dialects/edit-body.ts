import { type DialectName, dialects } from "./all.ts";
import { withField, withStream } from "./json/json-edit.ts";
import { type FittedBody, withoutLateSystem } from "./late-system.ts";

/** How the body that an upstream gets differs from the client's. */
export type BodyEdits = {
  /** The model's name at the upstream; null: the client's name for it. */
  readonly model: string | null;
  /** The upstream's stream is put together to one JSON answer. */
  readonly assembles: boolean;
  /** The request asks for the usage chunk. */
  readonly addsUsage: boolean;
  /** The request asks for the progress of the prompt. */
  readonly addsProgress: boolean;
  /** What the provider of this dialect would refuse is mended. */
  readonly fits: boolean;
  /** Thoughts of earlier turns are left out. */
  readonly dropsThoughts: boolean;
  /** What the system says in mid-conversation becomes the user's. */
  readonly demotes: boolean;
};

/** True if the body goes out as it came. */
export const isUnchanged = (edits: BodyEdits): boolean => {
  const { model, assembles, addsUsage, addsProgress, fits, dropsThoughts, demotes } = edits;
  const isEdited = assembles || addsUsage || addsProgress || fits || dropsThoughts || demotes;
  return model === null && !isEdited;
};

/** The body with the edits; all else keeps its bytes. `changed` names what was mended. */
export function editBody(given: Buffer, edits: BodyEdits, dialect: DialectName): FittedBody {
  const { request, answer } = dialects[dialect];
  const { body, changed } = mended(given, edits, dialect);
  let edited = edits.model === null ? body : request.withModel(body, edits.model);
  if (edits.assembles) edited = withStream(edited, true);
  if (edits.addsUsage && answer.askedUsage !== null) edited = answer.askedUsage.ask(edited);
  return {
    body: edits.addsProgress ? withField(edited, "return_progress", "true") : edited,
    changed,
  };
}

function mended(
  given: Buffer,
  { fits, dropsThoughts, demotes }: BodyEdits,
  dialect: DialectName,
): FittedBody {
  const { request, prompt } = dialects[dialect];
  const asItIs = { body: given, changed: [] };
  const own = fits && request.fit !== null ? request.fit(given, dropsThoughts) : asItIs;
  const { conversation } = prompt;
  if (!demotes || conversation === null || typeof conversation === "string") return own;
  const { body, changed } = withoutLateSystem(own.body, conversation);
  return { body, changed: [...own.changed, ...changed] };
}
