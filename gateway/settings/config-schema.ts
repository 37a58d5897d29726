import { kindOf } from "../kinds/declared.ts";
import type { JsonSchema } from "../kinds/kind.ts";
import { limitDefinitions } from "../limits/limit-fields.ts";
import { type Setting, yamlKey } from "./setting.ts";
import { allSettings } from "./settings-table.ts";

/**
 * The JSON Schema of config.yaml, for editors. It is a little wider than the gateway: what depends
 * on another setting, or on a file, is checked only by `config check`.
 */
export function configSchema(): JsonSchema {
  const inFile = allSettings.filter(([, setting]) => !setting.environmentOnly);
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "config.yaml of llm-gateway",
    type: "object",
    properties: Object.fromEntries(inFile.map(([, one]) => [yamlKey(one), propertyOf(one)])),
    additionalProperties: false,
    definitions: limitDefinitions(),
  };
}

function propertyOf(setting: Setting): JsonSchema {
  const { about, default: usual } = setting;
  const own =
    setting.section === undefined
      ? [kindOf(setting).schema]
      : [{ enum: ["off", false] }, setting.section.schema];
  return {
    description: `${about} (${setting.env})`,
    ...(usual === "" ? {} : { default: usual }),
    anyOf: [{ type: "null" }, ...own],
  };
}
