import { fieldNameBy, type Translator } from "../hub/hub.ts";
import { readMessages } from "./read-messages.ts";
import { createMessagesWriter, writeMessages } from "./write-messages.ts";

export const messagesTranslator: Translator = {
  read: readMessages,
  createWriter: createMessagesWriter,
  writeWhole: writeMessages,
  fieldName: fieldNameBy({
    maxOutputTokens: ["max_tokens"],
    reasoning: ["output_config.effort", "thinking"],
    responseFormat: ["output_config.format", "output_format"],
  }),
};
