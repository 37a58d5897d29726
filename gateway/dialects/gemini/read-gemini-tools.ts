import type { JsonObject } from "../../json-object.ts";
import { wrong } from "../field-checks.ts";
import { asSchema } from "../hub/parts-hub.ts";
import type { Dropped } from "../hub/read-dropped.ts";
import { below, objectAt, textAt, textsAt } from "../hub/read-fields.ts";
import type { CallSettings } from "../hub/read-settings.ts";
import { functionTool, narrowTools, type Tool } from "../hub/read-tools.ts";
import { allNamedAt, namedAt } from "./read-gemini-names.ts";
import { jsonSchema } from "./read-gemini-schema.ts";

const declared: ReadonlySet<string> = new Set(["functionDeclarations"]);
const functionFields: ReadonlySet<string> = new Set([
  "name",
  "description",
  "parameters",
  "parametersJsonSchema",
]);

function readDeclaration(item: JsonObject, at: string, dropped: Dropped): Tool {
  dropped.rest(item, at, functionFields);
  const open = objectAt(item, "parameters", at);
  const schema =
    objectAt(item, "parametersJsonSchema", at) ?? (open === null ? null : jsonSchema(open));
  return functionTool(item, at, schema === null ? null : asSchema(schema));
}

/** Function declarations; what Google's own servers would run (`googleSearch`, …) is dropped. */
export function readGeminiTools(body: JsonObject, dropped: Dropped): Tool[] {
  return allNamedAt(body, "tools", "").flatMap(({ item, at }) => {
    dropped.others(item, at, declared);
    return allNamedAt(item, "functionDeclarations", at).map((one) =>
      readDeclaration(one.item, one.at, dropped),
    );
  });
}

/** `toolConfig`; `settings` has the tools already. */
export function readGeminiChoice(body: JsonObject, settings: CallSettings, dropped: Dropped): void {
  const config = namedAt(body, "toolConfig", "");
  if (config === null) return;
  dropped.rest(config, "toolConfig", new Set(["functionCallingConfig"]));
  const calling = namedAt(config, "functionCallingConfig", "toolConfig");
  if (calling === null) return;
  const path = "toolConfig.functionCallingConfig";
  const mode = textAt(calling, "mode", path)?.toUpperCase() ?? "AUTO";
  const names = textsAt(calling, "allowedFunctionNames", path);
  if (mode === "NONE") settings.toolChoice = { type: "none" };
  else if (mode === "ANY") {
    const [only] = names;
    if (only !== undefined && names.length === 1) {
      settings.toolChoice = { type: "tool", toolName: only };
      return;
    }
    settings.toolChoice = { type: "required" };
  } else if (mode === "AUTO" || mode === "VALIDATED") settings.toolChoice = { type: "auto" };
  else if (mode !== "MODE_UNSPECIFIED") wrong(below(path, "mode"), "must be AUTO, ANY or NONE");
  if (names.length > 0 && (mode === "ANY" || mode === "VALIDATED")) narrowTools(settings, names);
}
