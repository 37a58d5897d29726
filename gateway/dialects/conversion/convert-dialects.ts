import type { JsonObject } from "../json-body.ts";
import type { AnswerNames, Convertible, HubRequest, StreamWriter, WriteWhole } from "./hub.ts";
import { readChat } from "./read-chat.ts";
import { readGemini } from "./read-gemini.ts";
import { readMessages } from "./read-messages.ts";
import { readResponses } from "./read-responses.ts";
import { createChatWriter, writeChat } from "./write-chat.ts";
import { createGeminiWriter, writeGemini } from "./write-gemini.ts";
import { createMessagesWriter, writeMessages } from "./write-messages.ts";
import { createResponsesWriter, writeResponses } from "./write-responses.ts";

/** One client's dialect, in both directions. */
type DialectWords = {
  readonly read: (body: JsonObject) => HubRequest;
  readonly stream: (names: AnswerNames) => StreamWriter;
  readonly whole: WriteWhole;
};

export const dialectWords: Readonly<Record<Convertible, DialectWords>> = {
  chat: { read: readChat, stream: createChatWriter, whole: writeChat },
  responses: { read: readResponses, stream: createResponsesWriter, whole: writeResponses },
  messages: { read: readMessages, stream: createMessagesWriter, whole: writeMessages },
  gemini: { read: readGemini, stream: createGeminiWriter, whole: writeGemini },
};
