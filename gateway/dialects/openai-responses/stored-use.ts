import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { isAbsent } from "../field-checks.ts";

/** What a request wants of what an upstream has stored. */
export type StoredUse = {
  /** The field that asks for it; null: the path does. */
  readonly param: string | null;
  /** The ids of responses and conversations that it names. */
  readonly ids: readonly string[];
};

/** Fields that only a server can serve which keeps something, and what to do without each. */
export const storedFields: Readonly<Record<string, string>> = {
  previous_response_id: "send the whole conversation as input",
  conversation: "send the whole conversation as input",
  prompt: "send the text of the prompt as input",
  background: "send the request without it and wait for the answer",
};

function idIn(value: unknown): string | null {
  const id = isJsonObject(value) ? value.id : value;
  return typeof id === "string" ? id : null;
}

/** What the body of a request wants of the store; null for nothing. */
export function storedInBody(body: JsonObject): StoredUse | null {
  const params = Object.keys(storedFields).filter((name) => {
    return !isAbsent(body[name]) && body[name] !== false;
  });
  const [param] = params;
  if (param === undefined) return null;
  // Prompts are the operator's, not a user's.
  const named = [body.previous_response_id, body.conversation].map(idIn);
  return { param, ids: named.filter((id) => id !== null) };
}

const storedPath = /^\/v1\/(responses|conversations)(?:\/([^/]+))?(?:\/|$)/;

/** Paths of Responses that have no id in this place. */
const actions: ReadonlySet<string> = new Set(["compact", "input_tokens"]);

/** What a path wants of the store: `/v1/responses/{id}` and all about conversations. */
export function storedInPath(path: string): StoredUse | null {
  const [, root, id] = storedPath.exec(path) ?? [];
  if (root === undefined) return null;
  if (root === "responses" && (id === undefined || actions.has(id))) return null;
  return { param: null, ids: id === undefined ? [] : [id] };
}
