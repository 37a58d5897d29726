import { shownText } from "./shown-text.ts";

/** An error as the log tells it. */
export type ErrorFields = {
  type: string;
  code?: string;
  message: string;
  /** `Type: message`, then the frames. */
  stack: string;
  cause?: ErrorFields;
};

/** So much of a message, of its frames, and of its causes. */
const most = { message: 500, frames: 20, causes: 3 };

/**
 * What may be told of a fault: type, code, message and frames, never its other fields, since
 * errors of HTTP and validation libraries carry headers and bodies. The message of a SyntaxError
 * is left out: JSON.parse quotes what it read, and that is a prompt.
 */
export function errorFields(error: unknown, causes: number = most.causes): ErrorFields {
  if (!(error instanceof Error)) {
    const type = error === null ? "null" : typeof error;
    return { type, message: "the thrown value is not an Error", stack: type };
  }
  const type = shownText(error.name);
  const quotes = error instanceof SyntaxError;
  const message = quotes
    ? "(not shown: it may quote a body)"
    : shownText(error.message, most.message);
  const code = "code" in error && typeof error.code === "string" ? shownText(error.code) : null;
  const stack = [`${type}: ${message}`, ...framesOf(error)].join("\n");
  const fields: ErrorFields = { type, ...(code === null ? {} : { code }), message, stack };
  if (error.cause instanceof Error && causes > 0) {
    fields.cause = errorFields(error.cause, causes - 1);
  }
  return fields;
}

/** The frames alone: V8 puts the message, which may have any number of lines, in front of them. */
function framesOf(error: Error): string[] {
  const stack = error.stack ?? "";
  const head = `${error.name}: ${error.message}`;
  const frames = stack.startsWith(head) ? stack.slice(head.length) : stack;
  return frames
    .split("\n")
    .filter((line) => line.startsWith("    at "))
    .slice(0, most.frames)
    .map((line) => shownText(line, most.message));
}
