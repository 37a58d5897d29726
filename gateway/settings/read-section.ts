import type { Written } from "../kinds/written.ts";
import { faultLine } from "./fault-line.ts";
import type { Found } from "./found.ts";
import { parseYaml } from "./parse-yaml.ts";
import type { Setting } from "./setting.ts";

/**
 * A section as it was found: in the config file as it stands there, elsewhere as JSON. Null where
 * there is none, undefined where it cannot be read, which is a fault.
 */
export function readSection(
  setting: Setting,
  found: Found | undefined,
  faults: string[],
): Written | null | undefined {
  if (found === undefined || found.text.toLowerCase() === "off") return null;
  if (found.section !== undefined) return found.section;
  if (!/^[[{]/.test(found.text)) {
    const must =
      found.place === "config file" ? "must be a section, or off" : "must be JSON, or off";
    faults.push(faultLine(setting, found, must));
    return undefined;
  }
  const parsed = parseYaml(found.text, `${found.name} (${found.from}${found.position})`);
  faults.push(...parsed.faults);
  return parsed.root ?? undefined;
}
