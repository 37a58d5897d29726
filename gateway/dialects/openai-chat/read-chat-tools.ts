import type { JsonObject } from "../../json-object.ts";
import type { ClientTool, ClientTools } from "../hub/client-tools.ts";
import { freeformTool } from "../hub/freeform.ts";
import type { Dropped } from "../hub/read-dropped.ts";
import { below, objectAt, objectsAt, type Placed, textAt } from "../hub/read-fields.ts";
import { readOpenAiTool, type Tool } from "../hub/read-tools.ts";

const customFields: ReadonlySet<string> = new Set(["name", "description", "format"]);

/** `{type: "custom", custom: {name, description, format}}`: the model writes a text, not JSON. */
function readCustom({ item, at }: Placed, dropped: Dropped): Tool {
  const where = below(at, "custom");
  const custom = objectAt(item, "custom", at) ?? {};
  dropped.rest(custom, where, customFields);
  const path = below(where, "format");
  const format = objectAt(custom, "format", where) ?? {};
  const inner = objectAt(format, "grammar", path) ?? {};
  const definition = textAt(inner, "definition", below(path, "grammar"));
  const grammar = definition === null ? null : { definition, syntax: inner.syntax, at: path };
  return freeformTool(custom, where, grammar, dropped);
}

/**
 * The tools of a chat request, and which of them are freeform. Tools of other types run on OpenAI's
 * own servers and are dropped. Throws GatewayError (400).
 */
export function readChatTools(
  body: JsonObject,
  dropped: Dropped,
): { tools: Tool[]; clientTools: ClientTools } {
  const clientTools = new Map<string, ClientTool>();
  const placed = [...objectsAt(body, "tools", ""), ...objectsAt(body, "functions", "")];
  const tools = placed.flatMap((one) => {
    const type = one.item.type ?? "function";
    if (type === "function") return [readOpenAiTool(one, dropped)];
    if (type === "custom") {
      const tool = readCustom(one, dropped);
      clientTools.set(tool.name, { kind: "custom", name: tool.name, namespace: null });
      return [tool];
    }
    dropped.add(one.at);
    return [];
  });
  return { tools, clientTools };
}
