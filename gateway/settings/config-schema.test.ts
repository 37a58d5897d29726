import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@cfworker/json-schema";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { faultsOf } from "../test/support/test-config.ts";
import { configSchema } from "./config-schema.ts";
import { yamlKey } from "./setting.ts";
import { allSettings } from "./settings-table.ts";

const root = join(import.meta.dirname, "../..");
const example = readFileSync(join(root, "config.example.yaml"), "utf8");
const validator = new Validator(configSchema(), "7", false);

const wrongIn = (value: unknown): string[] =>
  validator.validate(value).errors.map(({ error, instanceLocation: at }) => `${at}: ${error}`);

test("the committed schema is the one that `config schema` prints", () => {
  const committed = readFileSync(join(root, "config.schema.json"), "utf8");
  expect(committed).toBe(`${JSON.stringify(configSchema(), null, 2)}\n`);
});

test("the first line of config.example.yaml names it for editors", () => {
  const [first] = example.split("\n");
  expect(first).toBe("# yaml-language-server: $schema=config.schema.json");
});

test("config.example.yaml, uncommented, is right by the schema", () => {
  const value: unknown = parse(example.replaceAll(/^#(?! \S)/gm, ""));
  expect(Object.keys(value as object).length).toBeGreaterThan(60);
  expect(wrongIn(value)).toEqual([]);
});

test.each(
  allSettings.flatMap(([, setting]) =>
    setting.environmentOnly ? [] : [[yamlKey(setting), setting]],
  ),
)("%s: its default and its example are right by the schema", (key, setting) => {
  if (typeof setting === "string" || typeof key !== "string") return expect.fail();
  const { default: usual, example: shown = "" } = setting;
  for (const text of [usual, shown].filter((one) => one !== "")) {
    expect(wrongIn({ [key]: setting.section === undefined ? text : parse(text) }), text).toEqual(
      [],
    );
    expect(wrongIn({ [key]: parse(text) }), text).toEqual([]);
  }
});

test.each([
  "limits: {defaults: {tokens: lots}}",
  "limits: {defaults: {tokenz: 5}}",
  "limits: {roles: {Boss: {tokens: 5}}}",
  "limits: {defaults: {tokens: {window: 1h}}}",
  "middlewares: [{name: rate_limit, tokens: lots}]",
  "middlewares: [{name: trace, max_age: soon}]",
  "upstreams: {a: {url: http://a, wieght: 2}}",
  "upstreams: {a: {url: http://a, weight: 0}}",
  "upstreams: {a: {url: http://a, type: vlm}}",
  "routes: [{upstream: a}]",
  "models: {m: {context_length: 0}}",
  "port: 70000",
  "max_queue: many",
  "idle_timeout: soon",
  "max_body_bytes: 5 bananas",
  "log_level: loud",
  "weather: fine",
])("%s is wrong for an editor, and for the gateway", (yaml) => {
  expect(wrongIn(parse(yaml))).not.toEqual([]);
  expect(faultsOf(yaml)).not.toEqual([]);
});
