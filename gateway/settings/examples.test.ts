import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadSettings } from "./load-settings.ts";
import { type Setting, yamlKey } from "./setting.ts";
import { settingsTable } from "./settings-table.ts";

const root = join(import.meta.dirname, "../..");
const table: [string, Setting<unknown>][] = Object.entries(settingsTable);
/** It chooses the config file, so it is no setting of the table. */
const chooser = ["CONFIG_FILE", "data/config.yaml"];

/** Name and value of every commented-out setting; a line of prose begins with "# ". */
function examplesIn(file: string, line: RegExp): [string, string][] {
  const found = readFileSync(join(root, file), "utf8").matchAll(line);
  return [...found].map(([, name = "", value = ""]) => [name, value]);
}

/** The default; where that says too little, the example; of a secret nothing. */
function wanted(setting: Setting<unknown>): string {
  if (setting.secret) return "";
  const isBare = setting.default === "" || setting.env === "METRICS_PORT";
  return isBare ? (setting.example ?? "") : setting.default;
}

const byName = (a: string[], b: string[]): number => (a[0] ?? "").localeCompare(b[0] ?? "");

describe.each([
  [".env.example", /^#([A-Z_]+)=(.*)$/gm, (setting: Setting<unknown>) => setting.env],
  ["config.example.yaml", /^#([a-z_]+):(?: (.*))?$/gm, yamlKey],
] as const)("%s", (file, line, nameOf) => {
  test("names every setting and no other, each at its default", () => {
    const settings = table.map(([, setting]) => [nameOf(setting), wanted(setting)]);
    const all = file === ".env.example" ? [chooser, ...settings] : settings;
    expect(examplesIn(file, line).sort(byName)).toEqual(all.sort(byName));
  });

  test("sets nothing until something is uncommented", () => {
    const lines = readFileSync(join(root, file), "utf8").split("\n");
    expect(lines.filter((one) => one !== "" && !one.startsWith("#"))).toEqual([]);
  });

  test("explains every setting in one or two lines", () => {
    const text = readFileSync(join(root, file), "utf8");
    for (const [name] of examplesIn(file, line)) {
      const above =
        text
          .slice(0, text.indexOf(`\n#${name}`))
          .split("\n\n")
          .at(-1) ?? "";
      expect(above.split("\n").length, name).toBeLessThanOrEqual(2);
      expect(above, name).toMatch(/^# [A-Z]/);
    }
  });
});

test.each(["config.example.yaml", ".env.example"])("%s loads uncommented", (file) => {
  const cwd = mkdtempSync(join(tmpdir(), "examples-"));
  try {
    const text = readFileSync(join(root, file), "utf8").replaceAll(/^#(?! )/gm, "");
    writeFileSync(join(cwd, file.replace("example.", "").replace(".example", "")), text);
    const env = file === ".env.example" ? { CONFIG_FILE: "empty.yaml" } : {};
    writeFileSync(join(cwd, "empty.yaml"), "");
    const { settings } = loadSettings({ argv: [], env, cwd });
    const plain = loadSettings({ argv: [], env: {}, cwd: join(cwd, "nowhere") });
    expect(settings).toEqual({
      ...plain.settings,
      host: "127.0.0.1",
      metricsPort: 9090,
      upstreamUrl: "http://127.0.0.1:8080",
    });
  } finally {
    rmSync(cwd, { recursive: true });
  }
});
