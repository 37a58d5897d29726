import type { GatewayError } from "../../errors.ts";
import type { DialectErrors } from "../dialect.ts";
import { prefixedId } from "../hub/answer-id.ts";
import { asciiJson } from "../json/ascii-json.ts";
import { openAiError, openAiErrors } from "../openai/openai-error.ts";
import type { BrokenStream } from "../stream-error.ts";
import { responseObject } from "./response-object.ts";

/** The code that agents know from OpenAI: they then shorten the conversation. */
const tooLong = "context_length_exceeded";

/**
 * OpenAI's code of a failed response. Codex sends the same request again, several times, after
 * any code but a few: `invalid_prompt` tells it that another try is in vain.
 */
function codeOf({ shownCode, status }: GatewayError): string {
  if (shownCode === tooLong) return tooLong;
  if (status === 429) return "rate_limit_exceeded";
  return status < 500 && status !== 408 ? "invalid_prompt" : "server_error";
}

/**
 * An error as the end of a stream: `response.failed`, of which Codex shows the sentence, then
 * `error`, which OpenAI's own clients raise. Helpers of clients take nothing before
 * `response.created`, so a stream without events gets one.
 * @param more - further fields of the `error` event
 */
export function responsesErrorEvent(
  error: GatewayError,
  stream: BrokenStream,
  more: Readonly<Record<string, unknown>> = {},
): string {
  const { requestId, answerId, startedAt, model, request } = stream;
  const { message, param, shownCode: code } = error;
  const head = {
    id: answerId ?? prefixedId("resp_", requestId),
    created: Math.floor(startedAt / 1000),
    model: model ?? "",
    request,
  };
  let sequence_number = stream.events;
  let text = "";
  const tell = (type: string, fields: object): void => {
    text += `event: ${type}\ndata: ${asciiJson({ type, sequence_number, ...fields })}\n\n`;
    sequence_number += 1;
  };
  if (stream.events === 0) {
    tell("response.created", { response: responseObject({ ...head, status: "in_progress" }) });
  }
  const failed = { error: { code: codeOf(error), message } };
  tell("response.failed", { response: responseObject({ ...head, status: "failed" }, failed) });
  // The AI SDK takes an error only with a number as `sequence_number` and a text as `code`.
  tell("error", { code, message, param, ...more, error: openAiError(error) });
  return text;
}

export const responsesErrors: DialectErrors = {
  ...openAiErrors,
  event: (error, stream) => responsesErrorEvent(error, stream),
  // Clients look for the `event:` line.
  isRaised: (event, body) => event.startsWith("event:") && body.type === "error",
};
