import { shownText } from "./shown-text.ts";

/** An error as the log shows it. */
export type ErrorFields = {
  type: string;
  code?: string;
  message: string;
  /** `Type: message`, then the frames. */
  stack: string;
  cause?: ErrorFields;
};

/** How much of a message, its frames and its causes is logged. */
const most = { message: 500, frames: 20, causes: 3 };

/**
 * The parts of an error that may be logged: type, code, message and frames. Never its other fields,
 * because errors of HTTP and validation libraries carry headers and bodies. The message of a
 * SyntaxError is left out: JSON.parse quotes the text, which is a prompt.
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

/** The frames alone. V8 puts the message, which can have many lines, in front of them. */
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
