import { shown } from "../kinds/shown.ts";
import type { Found } from "./found.ts";
import { type Setting, yamlKey } from "./setting.ts";

/**
 * One line: the setting, its value, where it came from, what it must be and an example, each in
 * the words of its place: `PORT=x (environment): …; for example PORT=8000`, `port: x (config.yaml
 * line 3, column 7): …; for example port: 8000`.
 */
export function faultLine(setting: Setting, found: Found, must: string): string {
  const example = setting.example ?? setting.default;
  const value = setting.secret ? "***" : shown(found.text);
  const [given, right] =
    found.place === "config file"
      ? [`${found.name}: ${value}`, `${yamlKey(setting)}: ${example}`]
      : [`${found.name}=${value}`, `${found.name}=${example}`];
  const where = found.place === "flag" ? "command line" : found.from;
  return `${given} (${where}${found.position}): ${must}; for example ${right}`;
}
