/**
 * Where a text stops being JSON (RFC 8259): an offset in characters, the text's length at its end.
 */

const scalar = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

function skipSpace(text: string, from: number): number {
  let at = from;
  for (let code = text.charCodeAt(at); code === 32 || code === 10 || code === 13 || code === 9; ) {
    at += 1;
    code = text.charCodeAt(at);
  }
  return at;
}

/**
 * `at` is behind the opening quote. Gives what follows the closing one, or `~offset` of the fault.
 */
function string(text: string, from: number): number {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) return ~at;
    if (code !== 0x5c) continue;
    at += 1;
    const kind = text[at];
    if (kind === undefined) return ~text.length;
    if (kind === "u") {
      if (!/^[\da-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) return ~at;
      at += 4;
    } else if (!'"\\/bfnrt'.includes(kind)) return ~at;
  }
  return ~text.length;
}

function value(text: string, at: number): number {
  if (text[at] === '"') return string(text, at + 1);
  scalar.lastIndex = at;
  return scalar.test(text) ? scalar.lastIndex : ~at;
}

/** What may come next: a value, a value or `]`, a name, a name or `}`, or what follows a value. */
type Next = "value" | "first" | "name" | "firstName" | "after";

/**
 * The offset of the first character at which `text` cannot be JSON any more; -1 if all of it is.
 * Called after JSON.parse has failed: its own message quotes the text. No recursion.
 */
export function faultOffset(text: string): number {
  const closers: string[] = [];
  let next: Next = "value";
  let at = skipSpace(text, text.charCodeAt(0) === 0xfeff ? 1 : 0);
  for (; ; at = skipSpace(text, at)) {
    const character = text[at];
    const closer = closers.at(-1);
    if (next === "after" && closer === undefined) return at === text.length ? -1 : at;
    if (character === undefined) return text.length;
    if (next !== "value" && next !== "name" && character === closer) {
      closers.pop();
      next = "after";
      at += 1;
    } else if (next === "after") {
      if (character !== ",") return at;
      next = closer === "}" ? "name" : "value";
      at += 1;
    } else if (next === "name" || next === "firstName") {
      const end = character === '"' ? string(text, at + 1) : ~at;
      if (end < 0) return ~end;
      at = skipSpace(text, end);
      if (text[at] !== ":") return at;
      next = "value";
      at += 1;
    } else if (character === "{" || character === "[") {
      closers.push(character === "{" ? "}" : "]");
      next = character === "{" ? "firstName" : "first";
      at += 1;
    } else {
      const end = value(text, at);
      if (end < 0) return ~end;
      next = "after";
      at = end;
    }
  }
}
