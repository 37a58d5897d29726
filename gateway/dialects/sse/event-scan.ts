// What one server-sent event is, without parsing it. An event is one whole event as latin1 text
// (one character a byte, CRLF or LF, with or without its blank line). A search for `"key"` cannot
// be misled by what a model says: inside a JSON string its quotes would be escaped.

const quote = 0x22;

/**
 * Where the value of a key begins, at or after `from`; -1 where there is no such key. `key` is
 * written with its closing quote only: a search that starts with a letter is three times as fast as
 * one for a quote, of which JSON is full.
 */
export function valueAt(event: string, key: string, from: number): number {
  for (let at = event.indexOf(key, from); at >= 0; at = event.indexOf(key, at + 1)) {
    if (event.charCodeAt(at - 1) !== quote) continue;
    let next = at + key.length;
    while (event.charCodeAt(next) === 0x20) next += 1;
    if (event.charCodeAt(next) !== 0x3a) continue;
    do next += 1;
    while (event.charCodeAt(next) === 0x20);
    return next;
  }
  return -1;
}

/** True if some `"key"` has a value that begins with `first`. */
export function holds(event: string, key: string, first: number): boolean {
  for (let at = valueAt(event, key, 0); at >= 0; at = valueAt(event, key, at)) {
    if (event.charCodeAt(at) === first) return true;
  }
  return false;
}

/** True if some `"key"` has a text that is not empty. */
export function says(event: string, key: string): boolean {
  for (let at = valueAt(event, key, 0); at >= 0; at = valueAt(event, key, at)) {
    if (event.charCodeAt(at) === quote && event.charCodeAt(at + 1) !== quote) return true;
  }
  return false;
}

/**
 * The event's own name: that of its `event:` line, else its data's `type`; compared, not copied.
 */
export function isNamed(event: string, name: string): boolean {
  if (event.startsWith("event:")) {
    const at = event.charCodeAt(6) === 0x20 ? 7 : 6;
    return event.startsWith(name, at) && event.charCodeAt(at + name.length) <= 0x20;
  }
  const at = valueAt(event, 'type"', 0);
  return (
    at >= 0 && event.startsWith(name, at + 1) && event.charCodeAt(at + 1 + name.length) === quote
  );
}

/**
 * True if the event is an error of any dialect; it ends the stream, though not in good order.
 */
export function isErrorEvent(event: string): boolean {
  if (event.startsWith("event:")) return isNamed(event, "error");
  if (event.startsWith("error:")) return true;
  for (let at = valueAt(event, 'error"', 0); at >= 0; at = valueAt(event, 'error"', at)) {
    const first = event.charCodeAt(at);
    // Gemini's calls have their arguments as they are, and those may have such a field.
    if (first === 0x7b || first === quote) return !holds(event, 'candidates"', 0x5b);
  }
  return false;
}
