import { holdsAgentItems } from "../agent-items.ts";
import type { DialectName } from "../all.ts";
import { dialects } from "../all.ts";
import { conversationKey } from "../conversation-key.ts";
import type { RequestTarget } from "../dialect.ts";
import { type BodyEdits, editBody } from "../edit-body.ts";
import { type FramingName, framingName } from "../framings.ts";
import type { CountBodies, CountFor } from "../hub/count-bodies.ts";
import type { PreparedRequest, Preparing } from "../hub/prepare-request.ts";
import type { FittedBody } from "../late-system.ts";
import { noFields, type RequestFields, readModels } from "../request-fields.ts";

/** The fields of a request, in a form that can be sent to a thread. */
export type PlainFields = Omit<RequestFields, "framing"> & {
  readonly framing: FramingName | null;
};

export type ReadInput = {
  readonly dialect: DialectName;
  readonly target: RequestTarget;
  /** What is read: all fields of the dialect, the models alone, or nothing. */
  readonly what: "fields" | "models" | "nothing";
  /** Whose conversation is to be named, and what the client calls it; null: it is not named. */
  readonly sender: { readonly user: string; readonly session: string | null } | null;
};

export type ReadResult = {
  readonly fields: PlainFields;
  /** Names the conversation that the request goes on with; null for none. */
  readonly conversation: string | null;
  /** It has items or tools that not every server of its API knows. */
  readonly hasAgentItems: boolean;
};

export type EditInput = { readonly dialect: DialectName; readonly edits: BodyEdits };
export type ModelInput = { readonly dialect: DialectName; readonly path: string };

function read(bytes: Buffer, { dialect, target, what, sender }: ReadInput): ReadResult {
  const fields = fieldsOf(bytes, dialect, target, what);
  const { model } = fields;
  return {
    fields: { ...fields, framing: framingName(fields.framing) },
    hasAgentItems:
      what === "fields" && dialects[dialect].prompt.hasAgentItems && holdsAgentItems(bytes),
    conversation:
      sender === null
        ? null
        : conversationKey(sender.user, model ?? "", bytes, dialect, sender.session),
  };
}

function fieldsOf(
  bytes: Buffer,
  dialect: DialectName,
  target: RequestTarget,
  what: ReadInput["what"],
): RequestFields {
  if (what === "fields") return dialects[dialect].request.read(bytes, target);
  return what === "models" ? readModels(bytes) : noFields;
}

/** What each task takes and gives. */
export type TaskTable = {
  read: { input: ReadInput; result: ReadResult };
  edit: { input: EditInput; result: FittedBody };
  modelOf: { input: ModelInput; result: string | null };
  convert: { input: Preparing; result: PreparedRequest };
  count: { input: CountFor; result: CountBodies };
};

export type BodyTasks = {
  [Name in keyof TaskTable]: (
    bytes: Buffer,
    input: TaskTable[Name]["input"],
  ) => TaskTable[Name]["result"] | Promise<TaskTable[Name]["result"]>;
};

/**
 * All that is done with a whole body, whose cost grows with it. Small bodies are worked on at once,
 * large ones in a thread; so every task takes and gives only what can be sent to one.
 */
export const bodyTasks: BodyTasks = {
  read,
  edit: (bytes, { edits, dialect }) => editBody(bytes, edits, dialect),
  modelOf: (bytes, { dialect, path }) => dialects[dialect].request.modelOf(bytes, path),
  async convert(bytes, preparing) {
    // Loaded with the first conversion.
    const { prepareRequest } = await import("../hub/prepare-request.ts");
    return prepareRequest(bytes, preparing);
  },
  async count(bytes, asked) {
    const { countBodies } = await import("../hub/count-bodies.ts");
    return countBodies(bytes, asked);
  },
};
