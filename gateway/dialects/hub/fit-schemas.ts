import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { asSchema, type HubOptions } from "./parts-hub.ts";

const choices = ["anyOf", "oneOf", "allOf"] as const;

/** The properties of all the objects that a schema chooses from. */
function propertiesOf(schema: JsonObject): JsonObject {
  const own = isJsonObject(schema.properties) ? schema.properties : {};
  const branches = choices.flatMap((name) => {
    const list = schema[name];
    return Array.isArray(list) ? list.filter(isJsonObject) : [];
  });
  return Object.assign({}, ...branches.map(propertiesOf), own);
}

/**
 * The schema of a tool's arguments as an object with properties, which OpenAI and Anthropic demand.
 * A choice between objects at the top, which they refuse, becomes one object with the properties of
 * all.
 */
function objectSchema(schema: JsonObject): JsonObject {
  const isChoice = choices.some((name) => Array.isArray(schema[name]));
  if (schema.type === "object" && isJsonObject(schema.properties) && !isChoice) return schema;
  const { anyOf: _any, oneOf: _one, allOf: _all, ...rest } = schema;
  // Some clients write null for what they leave out.
  const told = Object.entries(rest).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(told), type: "object", properties: propertiesOf(schema) };
}

/** The request with fitted tools: every upstream takes their schemas, and each name is of one tool. */
export function fitSchemas(options: HubOptions): HubOptions {
  if (options.tools === undefined) return options;
  // Anthropic and Gemini refuse a name that comes twice; the last one counts, as in an object.
  const tools = [...new Map(options.tools.map((tool) => [tool.name, tool])).values()];
  return {
    ...options,
    tools: tools.map((tool) => {
      if (tool.type !== "function") return tool;
      const schema: JsonObject = isJsonObject(tool.inputSchema) ? { ...tool.inputSchema } : {};
      return { ...tool, inputSchema: asSchema(objectSchema(schema)) };
    }),
  };
}
