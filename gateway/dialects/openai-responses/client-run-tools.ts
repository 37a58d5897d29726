import { isJsonObject, type JsonObject, jsonText } from "../../json-object.ts";
import type { ClientTool } from "../hub/client-tools.ts";
import { objectIn } from "../hub/freeform.ts";
import type { Schema } from "../hub/parts-hub.ts";
import { functionTool, type Tool } from "../hub/read-tools.ts";

/** Tools of OpenAI's that have a type instead of a name, and that the client runs. */
type ClientRunKind = "local_shell" | "shell" | "apply_patch";

type ClientRunTool = { readonly description: string; readonly schema: Schema };

const texts = { type: "array", items: { type: "string" } } as const;
const integer = { type: "integer" } as const;
const text = { type: "string" } as const;

/** The fields that a model fills in of each one's calls. */
const tools: Readonly<Record<ClientRunKind, ClientRunTool>> = {
  local_shell: {
    description: "Runs a command on the user's machine and returns what it prints.",
    schema: {
      type: "object",
      properties: {
        command: { ...texts, description: "The command to run." },
        ...{ working_directory: text, timeout_ms: integer },
      },
      required: ["command"],
      additionalProperties: false,
    },
  },
  shell: {
    description: "Runs commands in a shell on the user's machine and returns what they print.",
    schema: {
      type: "object",
      properties: {
        commands: { ...texts, description: "The commands to run." },
        ...{ timeout_ms: integer, max_output_length: integer },
      },
      required: ["commands"],
      additionalProperties: false,
    },
  },
  apply_patch: {
    description: "Creates, changes or deletes one file.",
    schema: {
      type: "object",
      properties: {
        type: { ...text, enum: ["create_file", "update_file", "delete_file"] },
        path: text,
        diff: {
          ...text,
          description:
            "Not for delete_file. Lines that begin with a space stay, with - go, with + come; @@ stands before each hunk. For create_file every line begins with +.",
        },
      },
      required: ["type", "path"],
      additionalProperties: false,
    },
  },
};

const isKind = (type: unknown): type is ClientRunKind =>
  typeof type === "string" && Object.hasOwn(tools, type);

/** A shell in a container of OpenAI's is none of the client's. */
const isHosted = ({ environment }: JsonObject): boolean =>
  isJsonObject(environment) && environment.type !== "local";

/** Such a tool as a function; null for any other tool. */
export function clientRunTool(
  item: JsonObject,
  at: string,
): { tool: Tool; kind: ClientTool["kind"] } | null {
  const { type: kind } = item;
  if (!isKind(kind) || isHosted(item)) return null;
  const { description, schema } = tools[kind];
  return { tool: functionTool({ name: kind, description }, at, schema), kind };
}

/** What the model had filled in of a call: its action without what is empty. */
export function shellInput({ type: _type, env: _env, ...rest }: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
}

/** The action of a `local_shell_call`, as a model has written it. */
export function localShellAction(said: string): JsonObject {
  const { command, timeout_ms = null, working_directory = null } = objectIn(said);
  const words = Array.isArray(command) ? command.map(jsonText) : ["bash", "-lc", jsonText(command)];
  return { type: "exec", command: words, env: {}, timeout_ms, working_directory };
}

/** The action of a `shell_call`. */
export function shellAction(said: string): JsonObject {
  const { commands = [], timeout_ms = null, max_output_length = null } = objectIn(said);
  const list = Array.isArray(commands) ? commands.map(jsonText) : [jsonText(commands)];
  return { commands: list, timeout_ms, max_output_length };
}

/** The operation of an `apply_patch_call`. */
export function patchOperation(said: string): JsonObject {
  const { type = "update_file", path = "", diff = "" } = objectIn(said);
  return type === "delete_file" ? { type, path } : { type, path, diff };
}

/** What a `shell_call_output` says: of each command what it printed, and how it ended if not well. */
export function shellOutput(output: unknown): string {
  const runs = Array.isArray(output) ? output.filter(isJsonObject) : [];
  return runs.map(runText).join("\n");
}

function runText({ stdout, stderr, outcome }: JsonObject): string {
  const { type, exit_code: code } = isJsonObject(outcome) ? outcome : {};
  const end = type === "timeout" ? "(timed out)" : code ? `(exit code ${code})` : "";
  return [stdout, stderr, end].filter((one) => typeof one === "string" && one !== "").join("\n");
}
