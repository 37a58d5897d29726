import { readMessages } from "../anthropic/read-messages.ts";
import { createMessagesWriter, writeMessages } from "../anthropic/write-messages.ts";
import { readGemini } from "../gemini/read-gemini.ts";
import { createGeminiWriter, writeGemini } from "../gemini/write-gemini.ts";
import type { JsonObject } from "../json/json-body.ts";
import { readChat } from "../openai-chat/read-chat.ts";
import { createChatWriter, writeChat } from "../openai-chat/write-chat.ts";
import { readResponses } from "../openai-responses/read-responses.ts";
import { createResponsesWriter, writeResponses } from "../openai-responses/write-responses.ts";
import type { AnswerNames, Convertible, HubRequest, StreamWriter, WriteWhole } from "./hub.ts";

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
