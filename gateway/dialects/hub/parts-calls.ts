import { isJsonObject } from "../../json-object.ts";
import { isAbsent, wrong } from "../field-checks.ts";
import { parseExact } from "../json/exact-json.ts";
import type { ResultContent, ResultPart } from "./parts-hub.ts";
import { isTooDeep } from "./read-depth.ts";

/** Which tool each call was for: results name the call only, or in Gemini often the tool only. */
export type CallBook = {
  /** Notes a call and gives its id, a new one where the client has none. */
  call(id: string | null, name: string): string;
  /** The call that a result answers: by its id, else the oldest unanswered one (of that tool). */
  answer(id: string | null, name: string | null): { toolCallId: string; toolName: string };
};

export function createCallBook(): CallBook {
  const names = new Map<string, string>();
  const open = new Set<string>();
  // In the order of the calls, for each tool and for all of them; what is answered is skipped
  // later.
  const waiting = new Map<string | null, { ids: string[]; next: number }>();
  let made = 0;

  const newId = (): string => {
    do made++;
    while (names.has(`call_${made}`));
    return `call_${made}`;
  };

  const wait = (name: string | null, id: string): void => {
    const queue = waiting.get(name);
    if (queue === undefined) waiting.set(name, { ids: [id], next: 0 });
    else queue.ids.push(id);
  };

  const oldest = (name: string | null): string | undefined => {
    const queue = waiting.get(name);
    if (queue === undefined) return undefined;
    while (queue.next < queue.ids.length) {
      const id = queue.ids[queue.next];
      if (id !== undefined && open.has(id)) return id;
      queue.next++;
    }
    return undefined;
  };

  return {
    call(given, name) {
      const id = given ?? newId();
      names.set(id, name);
      open.add(id);
      wait(name, id);
      wait(null, id);
      return id;
    },
    answer(given, name) {
      const id = given ?? oldest(name) ?? newId();
      open.delete(id);
      return { toolCallId: id, toolName: names.get(id) ?? name ?? "unknown" };
    },
  };
}

/**
 * The arguments of a call: the object that the text holds, `{}` for an empty one, and the text
 * itself where it is no object, since models do write such.
 */
export function callInput(value: unknown, path: string): unknown {
  if (isAbsent(value) || value === "") return {};
  if (isJsonObject(value)) return value;
  if (typeof value !== "string") return wrong(path, "must be a string");
  try {
    const parsed = parseExact(value);
    return isJsonObject(parsed) && !isTooDeep(parsed) ? parsed : value;
  } catch {
    return value;
  }
}

/** Texts become one text, which every upstream takes; other content stays a list. */
export function resultOutput(given: ResultContent, isError: boolean): ResultPart["output"] {
  const content = given.map(asText);
  const texts = content.flatMap((part) => (part.type === "text" ? [part.text] : []));
  if (texts.length < content.length && !isError) return { type: "content", value: content };
  return { type: isError ? "error-text" : "text", value: texts.join("\n") };
}

/** A document of plain text as text: a result that has files is more than some APIs take. */
function asText(part: ResultContent[number]): ResultContent[number] {
  if (part.type !== "file" || part.data.type !== "text") return part;
  return { type: "text", text: part.data.text };
}
