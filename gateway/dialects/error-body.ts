import { isJsonObject, type JsonObject } from "../json-object.ts";

// Some servers tell an error under status 200, whole or as an event of a stream. Only a field of
// the body itself counts: the arguments of a tool may have a field `error`, and mean something else.

/** Top-level fields that decide whether a body is an error. The others need not be parsed. */
export const errorFields: readonly string[] = [
  ...["error", "errors", "detail", "message", "msg", "code", "status", "type", "object"],
  ...["error_type", "error_message", "error_msg", "error_code", "base_resp"],
];

/** A body with one of these is an answer, whatever else it says, if the field is no null. */
const answerFields = [
  ...["choices", "candidates", "content", "output", "response", "delta", "data", "results"],
  ...["embedding", "embeddings", "usage", "usageMetadata", "completion"],
];

/**
 * `""`, `{}`, `[]`, 0, false and null are no error, nor is an object of such alone: some servers send
 * one with each answer.
 */
function tells(value: unknown): boolean {
  if (typeof value === "object" && value !== null) {
    return Object.values(value).some((one) =>
      typeof one === "object" ? one !== null : tells(one),
    );
  }
  return value === true || (typeof value === "string" && value !== "") || isNumber(value);
}

const isNumber = (value: unknown): boolean => typeof value === "number" && value !== 0;

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";

/**
 * True for the JSON of an error: `{"error":…}`, `{"type":"error"}` (Anthropic), `{"object":"error"}`
 * (old vLLM), `{"detail":…}` (FastAPI), `{"message":…,"code":…}`, `error_message`, an error in one
 * of the choices (OpenRouter), or a list that begins with an error (Gemini).
 */
export function isErrorBody(body: unknown): boolean {
  if (Array.isArray(body)) return isJsonObject(body[0]) && isErrorBody(body[0]);
  if (!isJsonObject(body)) return false;
  if (body.type === "error" || body.object === "error") return true;
  if (tells(body.error) || isText(body.error_message) || isText(body.error_msg)) return true;
  const { choices, base_resp: base } = body;
  if (isJsonObject(base) && isNumber(base.status_code)) return true;
  if (Array.isArray(choices) && choices.some(isFailedChoice)) return true;
  if (answerFields.some((name) => body[name] !== undefined && body[name] !== null)) return false;
  return saysWhy(body);
}

/** Of a body that holds no answer. */
function saysWhy({ detail, errors, message, msg, code }: JsonObject): boolean {
  if (isText(detail) || (Array.isArray(detail) && detail.length > 0)) return true;
  if (Array.isArray(errors) && errors.length > 0) return true;
  return isText(message) || (isText(msg) && tells(code));
}

const isFailedChoice = (choice: unknown): boolean =>
  isJsonObject(choice) && isJsonObject(choice.error) && tells(choice.error);

/** Statuses by the names that servers give to errors, in lower case. */
const namedStatuses: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  badrequesterror: 400,
  invalid_argument: 400,
  failed_precondition: 400,
  context_length_exceeded: 400,
  exceed_context_size_error: 400,
  invalid_prompt: 400,
  authentication_error: 401,
  billing_error: 402,
  authenticationerror: 401,
  invalid_api_key: 401,
  unauthenticated: 401,
  permission_error: 403,
  permission_denied: 403,
  not_found_error: 404,
  notfounderror: 404,
  not_found: 404,
  model_not_found: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  resource_exhausted: 429,
  toomanyrequestserror: 429,
  not_supported_error: 501,
  unimplemented: 501,
  unavailable: 503,
  unavailable_error: 503,
  server_is_overloaded: 503,
  timeout_error: 504,
  deadline_exceeded: 504,
  overloaded_error: 529,
};

/** The status that an error names, as a number or by a known name; 500 if it names none. */
export function statusOfError(body: unknown): number {
  const places = placesOf(body);
  const values = places.flatMap((place) => [
    ...[place.code, place.status, place.status_code, place.http_code, place.error_code],
    ...[place.type, place.error_type],
  ]);
  for (const value of values) {
    const status = Number(value);
    if (Number.isInteger(status) && status >= 400 && status <= 599) return status;
  }
  for (const value of values) {
    const name = typeof value === "string" ? value.toLowerCase() : "";
    if (Object.hasOwn(namedStatuses, name)) return namedStatuses[name] ?? 500;
  }
  return 500;
}

/** The objects of an error body that may describe it, the innermost first. */
function placesOf(body: unknown): JsonObject[] {
  const outer = Array.isArray(body) ? body[0] : body;
  if (!isJsonObject(outer)) return [];
  const inner = innerError(outer);
  return inner === null ? [outer] : [inner, outer];
}

/** The object that describes an error, if it is not the body itself. */
export function innerError({ error, errors, choices, response }: JsonObject): JsonObject | null {
  if (isJsonObject(error)) return error;
  if (Array.isArray(errors) && isJsonObject(errors[0])) return errors[0];
  if (isJsonObject(response) && isJsonObject(response.error)) return response.error;
  const failed = Array.isArray(choices) ? choices.find(isFailedChoice) : undefined;
  return isJsonObject(failed) && isJsonObject(failed.error) ? failed.error : null;
}
