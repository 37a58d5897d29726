import { fieldNameBy, type Translator } from "../hub/hub.ts";
import { readChat } from "./read-chat.ts";
import { createChatWriter, writeChat } from "./write-chat.ts";

export const chatTranslator: Translator = {
  read: readChat,
  createWriter: createChatWriter,
  writeWhole: writeChat,
  fieldName: fieldNameBy({
    maxOutputTokens: ["max_completion_tokens", "max_tokens"],
    stopSequences: ["stop"],
    reasoning: ["reasoning_effort", "reasoning.effort", "reasoning.max_tokens", "reasoning"],
    responseFormat: ["response_format"],
  }),
};
