import { isJsonObject, type JsonObject } from "../json-object.ts";

/** The texts of a request that a tokenizer must read, and the tokens of the rest. */
export type PromptTexts = {
  readonly texts: readonly string[];
  /** Tokens that are no text: the frames of messages, pictures, ids given as numbers. */
  readonly others: number;
};

/** Where a request has its prompt: `prompt` of its dialect. */
export type PromptFields = {
  readonly fields: readonly string[];
  /** A conversation has a frame of tokens around each turn. */
  readonly isConversation: boolean;
};

/** The fields that hold schemas. Their JSON is about as long as what the model reads. */
const schemaFields: ReadonlySet<string> = new Set(["tools", "functions"]);

/** Members that hold data of any shape, as calls of tools do. */
const dataFields: ReadonlySet<string> = new Set(["input", "args", "arguments", "response"]);

/** Members that are no text of the prompt. */
const silentFields: ReadonlySet<string> = new Set([
  ...["role", "type", "id", "call_id", "tool_call_id", "tool_use_id", "status", "detail"],
  ...["image_url", "source", "inline_data", "inlineData", "file_data", "fileData", "file"],
  ...[
    "input_audio",
    "audio",
    "cache_control",
    "signature",
    "thoughtSignature",
    "encrypted_content",
  ],
]);

/** The parts that are one picture each. */
const pictures: ReadonlySet<unknown> = new Set(["image_url", "input_image", "image"]);

/** Each message has a frame of three tokens and one for its role; the answer's frame has three. */
const messageTokens = 4;
const answerTokens = 3;
/** The most that gpt-4o makes of a picture, in eight tiles, and of one in low detail. */
const pictureTokens = 1_445;
const lowPictureTokens = 85;

/** Text is near the top. Deeper levels hold data. */
const maxDepth = 16;

/** Everything in a request's body that becomes its prompt. */
export function promptTexts(
  body: unknown,
  { fields, isConversation: isChat }: PromptFields,
): PromptTexts {
  const texts: string[] = [];
  let others = isChat ? answerTokens : 0;

  function pictureIn(part: JsonObject): number {
    if (!pictures.has(part.type)) return 0;
    const { image_url: url } = part;
    const detail = part.detail ?? (isJsonObject(url) ? url.detail : null);
    return detail === "low" ? lowPictureTokens : pictureTokens;
  }

  function walkMembers(value: JsonObject, depth: number): void {
    if (isChat && typeof value.role === "string") others += messageTokens;
    // A name stands before what it says, and costs a token more than its text.
    if (typeof value.role === "string" && typeof value.name === "string") others += 1;
    others += pictureIn(value);
    for (const name in value) {
      if (silentFields.has(name)) continue;
      const member = value[name];
      if (dataFields.has(name) && isJsonObject(member)) texts.push(JSON.stringify(member));
      else walk(member, depth + 1);
    }
  }

  function walk(value: unknown, depth: number): void {
    if (typeof value === "string") texts.push(value);
    else if (typeof value === "number") others += 1;
    else if (depth > maxDepth || value === null) return;
    else if (Array.isArray(value)) for (const item of value) walk(item, depth + 1);
    else if (isJsonObject(value)) walkMembers(value, depth);
  }

  if (!isJsonObject(body)) return { texts, others };
  for (const name in body) {
    const value = body[name];
    if (schemaFields.has(name)) texts.push(JSON.stringify(value));
    else if (fields.includes(name)) {
      // A text by itself becomes a message.
      if (isChat && typeof value === "string") others += messageTokens;
      walk(value, 0);
    }
  }
  return { texts, others };
}
