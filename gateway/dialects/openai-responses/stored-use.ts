import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { isAbsent } from "../field-checks.ts";

/** What a request wants of what an upstream has stored. */
export type StoredUse = {
  /** The field that asks for it; null: the path does. */
  readonly param: string | null;
  /** The ids of responses, conversations and chats that it names. */
  readonly ids: readonly string[];
  /** Why it is never passed on; null: its maker may have it. */
  readonly refusal: string | null;
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
  return { param, ids: named.filter((id) => id !== null), refusal: null };
}

// Some servers read capitals, and a slash at the end, as if they were not there.
const storedPath = /^\/v1\/(responses|conversations)(?:\/([^/]+))?(?:\/|$)/i;

/** Paths of Responses that have no id in this place. */
const actions: ReadonlySet<string> = new Set(["compact", "input_tokens"]);

const chatPath = /^\/v1\/chat\/completions(?:\/([^/]+)(?:\/.*)?)?\/?$/i;

/** An id that servers, or the gateway, give to a chat. Other POSTs there are no business of a store. */
const chatId = /^(?:chatcmpl-|[0-9a-f]{8}-[0-9a-f]{4}-)/;

const readingMethods: ReadonlySet<string> = new Set(["GET", "HEAD"]);

function listOf(what: string): StoredUse {
  const refusal =
    `The gateway does not list stored ${what}, because all users share one key there. ` +
    "Name one by its id.";
  return { param: null, ids: [], refusal };
}

/** `GET` and `DELETE` of a chat that was made with `store: true`. */
function storedChat(method: string, path: string): StoredUse | null {
  const [found, id] = chatPath.exec(path) ?? [];
  if (found === undefined || method === "OPTIONS") return null;
  const reads = readingMethods.has(method);
  if (id === undefined) return reads ? listOf("chats") : null;
  if (reads || method === "DELETE") return { param: null, ids: [id], refusal: null };
  if (!chatId.test(decodeURIComponent(id))) return null;
  return { param: null, ids: [id], refusal: "The gateway does not change stored chats." };
}

/** What a method on a path wants of the store: `/v1/responses/{id}` and all about conversations. */
export function storedInPath(method: string, path: string): StoredUse | null {
  const [, found, id] = storedPath.exec(path) ?? [];
  if (found === undefined) return storedChat(method, path);
  const root = found.toLowerCase();
  if (id === undefined && readingMethods.has(method)) return listOf(root);
  if (root === "responses" && (id === undefined || actions.has(id))) return null;
  return { param: null, ids: id === undefined ? [] : [id], refusal: null };
}
