import { snakeCase, type Translator } from "../hub/hub.ts";
import { readChat } from "./read-chat.ts";
import { createChatWriter, writeChat } from "./write-chat.ts";

export const chatTranslator: Translator = {
  read: readChat,
  createWriter: createChatWriter,
  writeWhole: writeChat,
  fieldName: snakeCase,
};
