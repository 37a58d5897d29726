import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { isAbsent } from "../field-checks.ts";
import type { ClientTool, ClientTools } from "../hub/client-tools.ts";
import { freeformTool } from "../hub/freeform.ts";
import { asSchema } from "../hub/parts-hub.ts";
import type { Dropped } from "../hub/read-dropped.ts";
import {
  below,
  objectAt,
  objectsAt,
  type Placed,
  requiredText,
  textAt,
} from "../hub/read-fields.ts";
import { functionTool, readOpenAiTool, type Tool } from "../hub/read-tools.ts";
import { clientRunTool } from "./client-run-tools.ts";

/** The name under which an upstream without groups knows a tool of one. */
export function flatName(namespace: string | null, name: string): string {
  if (namespace === null || namespace === "") return name;
  return namespace.endsWith("__") ? namespace + name : `${namespace}__${name}`;
}

function freeform(item: JsonObject, at: string, dropped: Dropped): Tool {
  const path = below(at, "format");
  const format = objectAt(item, "format", at) ?? {};
  const definition = textAt(format, "definition", path);
  const grammar = definition === null ? null : { definition, syntax: format.syntax, at: path };
  return freeformTool(item, at, grammar, dropped);
}

/** The tools of one request, with what each is for the client. */
export class ToolShelf {
  readonly clientTools: Map<string, ClientTool> = new Map();
  readonly #tools = new Map<string, Tool>();
  readonly #dropped: Dropped;

  constructor(dropped: Dropped) {
    this.#dropped = dropped;
  }

  get tools(): Tool[] {
    return [...this.#tools.values()];
  }

  /** Tools that the client runs itself become functions; those of OpenAI's servers are dropped. */
  add({ item, at }: Placed, namespace: string | null = null): void {
    switch (item.type ?? "function") {
      case "function":
        this.#put(readOpenAiTool({ item, at }, this.#dropped), "function", namespace);
        break;
      case "custom":
        this.#put(freeform(item, at, this.#dropped), "custom", namespace);
        break;
      case "namespace": {
        const name = requiredText(item, "name", at);
        for (const one of objectsAt(item, "tools", at)) this.add(one, name);
        break;
      }
      case "tool_search":
        this.#search(item, at);
        break;
      default: {
        const found = clientRunTool(item, at);
        if (found === null) this.#dropped.add(at);
        else this.#put(found.tool, found.kind, null);
      }
    }
  }

  #search(item: JsonObject, at: string): void {
    if (item.execution !== "client") {
      this.#dropped.add(at);
      return;
    }
    const schema = objectAt(item, "parameters", at);
    const named = { ...item, name: "tool_search" };
    const tool = functionTool(named, at, schema === null ? null : asSchema(schema));
    this.#put(tool, "tool_search", null);
  }

  #put(tool: Tool, kind: ClientTool["kind"], namespace: string | null): void {
    const name = flatName(namespace, tool.name);
    this.clientTools.set(name, { kind, name: tool.name, namespace });
    this.#tools.set(name, { ...tool, name });
  }
}

/** What stands for nothing but functions by their own names needs no telling. */
export function tellable(tools: ClientTools): boolean {
  return [...tools.values()].some(({ kind, namespace }) => {
    return kind !== "function" || namespace !== null;
  });
}

/**
 * All tools of a request: of `tools`, of Codex' items `additional_tools`, and those that a search has
 * found. Throws GatewayError (400).
 */
export function readResponsesTools(body: JsonObject, dropped: Dropped): ToolShelf {
  const shelf = new ToolShelf(dropped);
  for (const placed of objectsAt(body, "tools", "")) shelf.add(placed);
  if (!Array.isArray(body.input)) return shelf;
  body.input.forEach((item: unknown, index) => {
    if (!isJsonObject(item) || isAbsent(item.tools)) return;
    if (item.type !== "additional_tools" && item.type !== "tool_search_output") return;
    for (const placed of objectsAt(item, "tools", `input[${index}]`)) shelf.add(placed);
  });
  return shelf;
}
