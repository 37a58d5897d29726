import { z } from "zod";
import { errorCodes } from "../errors.ts";
import type { Components, ParameterObject, ResponseObject } from "./open-api.ts";
import type { ErrorForm } from "./operation.ts";
import type { Schemas } from "./schemas.ts";
import { chatSchemas } from "./schemas-chat.ts";
import { errorSchemas } from "./schemas-errors.ts";
import { gatewaySchemas } from "./schemas-gateway.ts";
import { openaiSchemas } from "./schemas-openai.ts";
import { openRouterSchemas } from "./schemas-openrouter.ts";
import { otherSchemas } from "./schemas-others.ts";
import { peopleSchemas } from "./schemas-people.ts";

/** Every shape in the document, by its name. */
export const schemas: Schemas = {
  ...chatSchemas,
  ...openaiSchemas,
  ...otherSchemas,
  ...openRouterSchemas,
  ...gatewaySchemas,
  ...peopleSchemas,
  ...errorSchemas,
};

/** A place in the document. */
export const reference = (kind: string, name: string): string => `#/components/${kind}/${name}`;

/** The shapes as JSON Schema 2020-12, which is OpenAPI 3.1's. */
function jsonSchemas(): Record<string, object> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const written = z.toJSONSchema(registry, {
    uri: (id) => reference("schemas", id),
    io: "input",
    override({ jsonSchema }) {
      // Of any whole number zod says the range that JavaScript keeps exactly.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
    },
  });
  return Object.fromEntries(
    Object.entries(written.schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
  );
}

/** The errors of a status: `invalid_api_key, key_in_query`. */
export function codesOf(status: number): string {
  const all = Object.entries(errorCodes).filter(([, one]) => one.status === status);
  return all.map(([code]) => code).join(", ");
}

const header = (description: string, type = "string"): object => ({
  description,
  schema: { type },
});

const headers = {
  RequestId: header("The id of this request: your own X-Request-ID if you sent one."),
  QueuePosition: header("The request's first place in the queue; 0 if it did not wait.", "integer"),
  RetryAfter: header("Try again after so many seconds.", "integer"),
};

const parameters: Record<string, ParameterObject> = {
  Priority: {
    ...{ name: "X-Priority", in: "header", example: "background" },
    description: "A whole number up to your own priority, or background to let others go first.",
    schema: { type: "string" },
  },
  Notify: {
    ...{ name: "X-Notify", in: "header" },
    description:
      "done: you are told when it ends, if it takes long. An administrator sets your address.",
    schema: { type: "string", enum: ["done"] },
  },
  QueueEvents: {
    ...{ name: "X-Queue-Events", in: "header" },
    description: "How a stream reports its place in the queue before its first token.",
    schema: { type: "string", enum: ["chunk", "comment", "off"] },
  },
};

const securitySchemes = {
  bearer: { type: "http", scheme: "bearer", description: "Authorization: Bearer YOUR_KEY" },
  anthropicKey: { type: "apiKey", in: "header", name: "x-api-key" },
  geminiKey: { type: "apiKey", in: "header", name: "x-goog-api-key" },
};

function errorResponses(): Record<string, ResponseObject> {
  const forms: readonly ErrorForm[] = ["OpenAi", "Anthropic", "Gemini", "OpenRouter"];
  const one = (form: ErrorForm, more: object): ResponseObject => ({
    description: "An error.",
    headers: { "X-Request-ID": { $ref: reference("headers", "RequestId") }, ...more },
    content: { "application/json": { schema: { $ref: reference("schemas", `${form}Error`) } } },
  });
  const retry = { "Retry-After": { $ref: reference("headers", "RetryAfter") } };
  return Object.fromEntries(
    forms.flatMap((form) => [
      [`${form}Error`, one(form, {})],
      [`${form}Later`, one(form, retry)],
    ]),
  );
}

/** What the operations refer to. */
export function components(): Components {
  return {
    ...{ schemas: jsonSchemas(), headers, parameters, securitySchemes },
    responses: errorResponses(),
  };
}
