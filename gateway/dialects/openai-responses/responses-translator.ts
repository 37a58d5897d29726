import { fieldNameBy, type Translator } from "../hub/hub.ts";
import { readResponses } from "./read-responses.ts";
import { createResponsesWriter, writeResponses } from "./write-responses.ts";

export const responsesTranslator: Translator = {
  read: readResponses,
  createWriter: createResponsesWriter,
  writeWhole: writeResponses,
  fieldName: fieldNameBy({
    reasoning: ["reasoning.effort", "reasoning"],
    responseFormat: ["text.format"],
  }),
};
