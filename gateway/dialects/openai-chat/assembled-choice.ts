import { isJsonObject } from "../../json-object.ts";

/** Any JSON object. */
export type Fields = Record<string, unknown>;

type Names = ReadonlySet<string>;
const noNames: Names = new Set();

/**
 * Adds what a piece of a stream says to what was said before: texts are joined, lists too, objects
 * field by field; of numbers and flags the last counts, and so it does of `replaced` texts. Null
 * says nothing, but that the field is there.
 */
function addPiece(into: Fields, piece: Fields, replaced: Names): void {
  for (const name in piece) {
    const value = piece[name];
    // By this name every object has the one that all others inherit from.
    if (name === "__proto__") continue;
    const before = into[name];
    if (value === null) into[name] ??= null;
    else if (typeof value === "string" && typeof before === "string" && !replaced.has(name)) {
      into[name] = before + value;
    } else if (Array.isArray(value) && Array.isArray(before)) {
      // One by one: a spread of hundreds of thousands ends the stack.
      for (const item of value) before.push(item);
    } else if (isJsonObject(value) && isJsonObject(before)) addPiece(before, value, replaced);
    else into[name] = value;
  }
}

const joinedInChoice: Names = new Set(["text", "logprobs"]);
const deltaTexts: Names = new Set(["role"]);
/** llama.cpp says a tool's name again, whole, when it has learnt more of it. */
const callTexts: Names = new Set(["id", "type", "name"]);

type Call = { readonly index: unknown; readonly said: Fields };

/** A call begins with its name. An id alone proves nothing: some servers make one for each piece. */
function isOtherCall(before: Fields, { id, function: named }: Fields): boolean {
  const hasName = isJsonObject(named) && typeof named.name === "string" && named.name !== "";
  return hasName && typeof id === "string" && id !== "" && id !== before.id;
}

/** One choice of an answer, put together from its pieces. */
export class AssembledChoice {
  readonly #choice: Fields;
  readonly #message: Fields = {};
  readonly #calls: Call[] = [];

  constructor(index: number) {
    this.#choice = { finish_reason: null, index };
  }

  /** Takes one element of `choices`: with a `delta` (chat), or a `text` (text completions). */
  add({ delta, index: _index, ...rest }: Fields): void {
    for (const name in rest) {
      const value = rest[name];
      if (joinedInChoice.has(name)) addPiece(this.#choice, { [name]: value }, noNames);
      else if (value === null) this.#choice[name] ??= null;
      else this.#choice[name] = value;
    }
    if (!isJsonObject(delta)) return;
    const { tool_calls, ...said } = delta;
    addPiece(this.#message, said, deltaTexts);
    if (!Array.isArray(tool_calls)) return;
    for (const call of tool_calls) if (isJsonObject(call)) this.#addCall(call);
  }

  #addCall({ index, ...said }: Fields): void {
    const before = this.#callOf(index, said);
    if (before === undefined) this.#calls.push({ index, said: { ...said } });
    else addPiece(before.said, withoutEmpty(said), callTexts);
  }

  /** The call that a piece goes on with. Some servers number none of their calls, or all with 0. */
  #callOf(index: unknown, said: Fields): Call | undefined {
    const found = this.#calls.findLast((call) => call.index === index);
    return found === undefined || isOtherCall(found.said, said) ? undefined : found;
  }

  /** The choice of a text completion. */
  text(): Fields {
    return { text: "", logprobs: null, ...this.#choice };
  }

  /** The choice of a chat. Content that never came is the empty text, as llama.cpp has it. */
  chat(): Fields {
    const { finish_reason, index, ...rest } = this.#choice;
    const { role, content, ...said } = this.#message;
    const message: Fields = { role: role ?? "assistant", content: content ?? "", ...said };
    const calls = this.#calls.toSorted((a, b) => Number(a.index ?? 0) - Number(b.index ?? 0));
    if (calls.length > 0) message.tool_calls = calls.map((call) => call.said);
    return { finish_reason, index, message, ...rest };
  }
}

/** Further pieces of a call repeat its id and name as empty texts in some servers. */
function withoutEmpty(call: Fields): Fields {
  const out: Fields = {};
  for (const name in call) {
    const value = call[name];
    if (value === "" && callTexts.has(name)) continue;
    out[name] = name === "function" && isJsonObject(value) ? withoutEmpty(value) : value;
  }
  return out;
}
