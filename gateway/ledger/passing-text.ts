import { charsPerToken } from "../dialects/input-size.ts";
import { isJsonObject, jsonOrNull } from "../json-object.ts";

/** What was generated and seen to pass. */
export type PassedText = {
  /** An estimate, in tokens. */
  readonly tokens: number;
  /** The text itself, if it is kept and not told in numbers; else `""`. */
  readonly text: string;
};

/** Longer texts are not kept: the rest is assumed to be like them. Characters. */
const mostKept = 512 * 1024;

/** Of whole answers no more are parsed. Bytes. */
const mostParsed = 4 * 1024 * 1024;

/** A token has seldom more characters than this, on average. */
const mostCharsPerToken = 8;

/** Measures the generated text of one answer while it passes. */
export class PassingText {
  readonly #isKept: boolean;
  #events = 0;
  #chars = 0;
  #text = "";
  #answer: Buffer | null = null;

  constructor(isKept: boolean) {
    this.#isKept = isKept;
  }

  /** The text of one event, as it stands in JSON: escaped, one character a byte. */
  add(text: string): void {
    this.#events += 1;
    this.#chars += text.length;
    if (this.#isKept && this.#text.length < mostKept) this.#text += text;
  }

  /** A whole JSON answer. It is looked at only if its upstream told no numbers. */
  addAnswer(bytes: Buffer): void {
    if (bytes.length <= mostParsed) this.#answer = bytes;
  }

  /**
   * The tokens of the events so far. Most servers send one with each; others send many with one
   * event, and then the length of the text says more.
   */
  get tokens(): number {
    if (this.#chars <= this.#events * mostCharsPerToken) return this.#events;
    return Math.max(this.#events, Math.ceil(this.#chars / charsPerToken));
  }

  /** @param isTold - the upstream has told its numbers, and nobody needs the text */
  read(isTold: boolean): PassedText {
    if (isTold) return { tokens: this.tokens, text: "" };
    if (this.#answer !== null) {
      const text = answerText(jsonOrNull(this.#answer.toString()), 0);
      return { tokens: Math.ceil(text.length / charsPerToken), text: this.#isKept ? text : "" };
    }
    return { tokens: this.tokens, text: this.#isKept ? unescaped(this.#text) : "" };
  }
}

function unescaped(text: string): string {
  const value = jsonOrNull(`"${Buffer.from(text, "latin1").toString()}"`);
  return typeof value === "string" ? value : text;
}

/** Where answers of all dialects have what was generated. */
const textNames: ReadonlySet<string> = new Set([
  ...["content", "text", "reasoning_content", "reasoning", "thinking", "refusal", "arguments"],
]);

/** What a tool is called with, as an object. */
const inputNames: ReadonlySet<string> = new Set(["input", "args", "arguments"]);

/** Answers are not nested deeper. */
const mostDepth = 10;

function answerText(value: unknown, depth: number): string {
  if (depth > mostDepth) return "";
  if (Array.isArray(value)) return value.map((item) => answerText(item, depth + 1)).join("");
  if (!isJsonObject(value)) return "";
  let text = "";
  for (const [name, part] of Object.entries(value)) {
    if (typeof part === "string") text += textNames.has(name) ? part : "";
    else if (inputNames.has(name) && isJsonObject(part)) text += JSON.stringify(part);
    else text += answerText(part, depth + 1);
  }
  return text;
}
