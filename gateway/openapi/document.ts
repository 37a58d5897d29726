import { codesOf, components, reference } from "./components.ts";
import type {
  MediaTypes,
  OpenApi,
  OperationObject,
  ParameterObject,
  Reference,
  ResponseObject,
} from "./open-api.ts";
import type { Operation, Parameter } from "./operation.ts";
import { operations } from "./operations.ts";

const about = `One address for every model: a key for each person, a fair queue, honest
accounts. Clients of OpenAI, Anthropic, Gemini and OpenRouter work with it unchanged.`;

/** Statuses of any call with a key, and those of generations. */
const withKey = [400, 401, 403, 404];
const ofGenerations = [408, 413, 415, 429, 500, 501, 502, 503, 504, 529];
/** Their answers have a Retry-After. */
const passing: ReadonlySet<number> = new Set([429, 503]);

const ref = (kind: string, name: string): Reference => ({ $ref: reference(kind, name) });

function parameterOf(parameter: Parameter): ParameterObject | Reference {
  const { name, in: where, about: description, isRequired = false, schema, example } = parameter;
  return {
    ...{ name, in: where, description, required: isRequired || where === "path" },
    schema: schema ?? { type: "string" },
    ...(example === undefined ? {} : { example }),
  };
}

function answerOf({ answer, generates }: Operation): ResponseObject {
  const { about: description, schema, type, event, streams } = answer;
  const content: Record<string, MediaTypes[string]> = {};
  if (schema !== undefined) content["application/json"] = { schema: ref("schemas", schema) };
  if (type !== undefined)
    content[type] = type === "application/json" ? {} : { schema: { type: "string" } };
  if (streams !== undefined) {
    const name = event ?? schema;
    const said = name === undefined ? "" : ` Each event's data: ${name}.`;
    const events = { type: "string", description: `Server-sent events.${said}` };
    content["text/event-stream"] = { schema: events };
  }
  const headers = {
    "X-Request-ID": ref("headers", "RequestId"),
    ...(generates ? { "X-Queue-Position": ref("headers", "QueuePosition") } : {}),
  };
  return { description, headers, content };
}

function errorsOf({ access, errors, generates }: Operation): Record<string, Reference> {
  if (access === "lan" || access === "anyone") return {};
  const statuses = generates ? [...withKey, ...ofGenerations] : withKey;
  return Object.fromEntries(
    statuses.map((status) => {
      const shared = ref("responses", errors + (passing.has(status) ? "Later" : "Error"));
      return [status, { ...shared, description: codesOf(status) }];
    }),
  );
}

function operationOf(operation: Operation): OperationObject {
  const { method, path, tag, summary, description, body, generates } = operation;
  const parameters = (operation.parameters ?? []).map(parameterOf);
  if (generates) parameters.push(ref("parameters", "Priority"), ref("parameters", "Notify"));
  if (generates && operation.answer.streams) parameters.push(ref("parameters", "QueueEvents"));
  const json = body && { schema: ref("schemas", body.schema), example: body.example };
  return {
    operationId: `${method}${path.replaceAll(/[^a-z0-9]+/gi, "_")}`.replace(/_$/, ""),
    ...{ tags: [tag], summary },
    ...(description === undefined ? {} : { description }),
    ...(operation.access === "lan" || operation.access === "anyone" ? { security: [] } : {}),
    ...(operation.access === "lan" ? { "x-lan-only": true } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(json ? { requestBody: { required: true, content: { "application/json": json } } } : {}),
    responses: { [operation.answer.status ?? 200]: answerOf(operation), ...errorsOf(operation) },
  };
}

function pathsOf(all: readonly Operation[]): OpenApi["paths"] {
  const paths: Record<string, Record<string, OperationObject>> = {};
  for (const operation of all) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: operationOf(operation),
    };
  }
  return paths;
}

/** The gateway as an OpenAPI 3.1 document. */
export function openApiDocument(version: string): OpenApi {
  return {
    openapi: "3.1.0",
    info: { title: "llm-gateway", version, description: about.replace("\n", " ") },
    servers: [{ url: "/" }],
    security: [{ bearer: [] }, { anthropicKey: [] }, { geminiKey: [] }],
    tags: [...new Set(operations.map(({ tag }) => tag))].map((name) => ({ name })),
    paths: pathsOf(operations),
    components: components(),
  };
}
