import { describe, expect, test } from "vitest";
import { faultsOf } from "../test/support/test-config.ts";

describe("faults", () => {
  const up = "upstreams: {gpu1: http://a, gpu2: http://b}\n";
  test.each<[string, string, RegExp]>([
    [
      "an unknown member",
      "upstreams: {a: {url: http://a, wieght: 2}}",
      /column 32: upstream a: has no member wieght \(did you mean weight\?\)$/,
    ],
    [
      "no url",
      "upstreams:\n  a: {weight: 2}",
      /line 2, column 3: upstream a: needs a url; for example url: http/,
    ],
    ["a wrong URL", "upstreams: {a: ftp://a}", /column 16: upstream a: url must start with http/],
    [
      "a wrong type",
      "upstreams: {a: {url: http://a, type: vlm}}",
      /column 38: upstream a: type must be one of auto/,
    ],
    [
      "a wrong number",
      "upstreams: {a: {url: http://a, max_concurrent: 0}}",
      /column 48: .*max_concurrent must be/,
    ],
    [
      "a weight of nothing",
      "upstreams: {a: {url: http://a, weight: 0}}",
      /column 40: .*weight must be/,
    ],
    [
      "a list for a value",
      "upstreams: {a: {url: [http://a]}}",
      /column 22: upstream a: url must be a single value; for example/,
    ],
    ["upstreams that are a list", "upstreams: [http://a]", /column 12: upstreams must be names/],
    [
      "upstreams that are a word",
      "upstreams: gpu1",
      /^upstreams: gpu1 \(config\.yaml line 1, column 12\): must be a section/,
    ],
    [
      "two of one name",
      "upstreams:\n  a: http://a\n  a: http://b",
      /^config\.yaml line 3, column 3: not valid YAML \(duplicate key\)$/,
    ],
    ["a strange name", "upstreams: {a b: http://a}", /column 13: upstream a b: its name must be/],
    [
      "a certificate without its key",
      "upstreams: {a: {url: http://a, certificate: config.yaml}}",
      /certificate and certificate_key need each other$/,
    ],
    [
      "an authority that is not there",
      "upstreams: {a: {url: http://a, ca: gone.pem}}",
      /column 36: upstream a: ca must be the path of a PEM file/,
    ],
    [
      "an unknown upstream",
      `${up}routes:\n  - {model: x, upstream: gpu}`,
      /line 3, column 26: route 1: there is no upstream gpu \(did you mean gpu1\?\)$/,
    ],
    [
      "no upstreams at all",
      "routes: [{model: x, upstream: far}]",
      /column 31: route 1: there is no upstream far; upstreams names none$/,
    ],
    [
      "an unknown fallback",
      `${up}routes: [{model: x, upstream: gpu1, fallbacks: [gpu2, elsewhere]}]`,
      /line 2, column 55: .*there are gpu1, gpu2$/,
    ],
    [
      "an upstream twice",
      `${up}routes: [{model: x, upstream: gpu1, fallbacks: [gpu1]}]`,
      /column 49: route 1: upstream gpu1 is named twice$/,
    ],
    [
      "upstream and upstreams",
      `${up}routes: [{model: x, upstream: gpu1, upstreams: [gpu2]}]`,
      /column 10: route 1: needs either/,
    ],
    [
      "neither",
      `${up}routes: [{model: x}]`,
      /column 10: route 1: needs either upstream or upstreams$/,
    ],
    [
      "empty upstreams",
      `${up}routes: [{model: x, upstreams: []}]`,
      /column 32: .*upstreams must not be empty$/,
    ],
    ["no model", `${up}routes: [{upstream: gpu1}]`, /column 10: route 1: needs a model/],
    [
      "a bad glob",
      `${up}routes: [{model: "gpt-[45]", upstream: gpu1}]`,
      /column 18: route 1: model must be a model's name, in which only \*/,
    ],
    [
      "a double star",
      `${up}routes: [{model: "**", upstream: gpu1}]`,
      /column 18: route 1: model must not hold \*\*/,
    ],
    [
      "an empty glob",
      `${up}routes: [{model: "", upstream: gpu1}]`,
      /column 10: route 1: needs a model/,
    ],
    [
      "a glob as a name there",
      `${up}routes: [{model: a, upstream: gpu1, as: "b*"}]`,
      /column 41: route 1: as must be one model's name/,
    ],
    [
      "a route never reached",
      `${up}routes:\n  - {model: "g*", upstream: gpu1}\n  - {model: "gpt-*", upstream: gpu2}`,
      /^config\.yaml line 4, column 13: route for gpt-\* is never reached: g\* \(config\.yaml line 3, column 13\) takes it all$/,
    ],
    ["routes by name", `${up}routes: {x: gpu1}`, /column 9: routes must be a list/],
    [
      "a negative price",
      "models: {a: {price: {prompt: -1}}}",
      /column 30: model a: price: prompt must be US dollars/,
    ],
    [
      "an unknown price",
      "models: {a: {price: {input: 1}}}",
      /column 22: model a: price has no member input; there are prompt,/,
    ],
    [
      "a context of nothing",
      "models: {a: {context_length: 0}}",
      /column 30: model a: context_length must be/,
    ],
    [
      "a model never reached",
      `models: {"*": {name: x}, a: {name: y}}`,
      /column 26: model a is never reached: \* /,
    ],
    [
      "an unknown middleware",
      "middlewares: [trase]",
      /column 15: there is no middleware trase \(did you mean trace\?\)/,
    ],
    [
      "a file that is not there",
      "middlewares: [./gone.ts]",
      /column 15: middleware \.\/gone\.ts: there is no such file/,
    ],
    [
      "auth turned off in other words",
      "middlewares: [{auth: off}]",
      /column 22: middleware auth: mode must be one of none, required; .* it is off$/,
    ],
    [
      "an option there is not",
      "middlewares: [{name: trace, dir: x}]",
      /column 29: middleware trace: has no member dir/,
    ],
    [
      "a middleware twice",
      "middlewares: [trace, trace]",
      /column 22: middleware trace is named twice$/,
    ],
    [
      "what leads back to itself",
      "upstreams: &a {a: *a}",
      /nested too deeply|must be a single value|has no member/,
    ],
    ["no such anchor", "upstreams: {a: *gone}", /^config\.yaml line 1, column 16/],
  ])("%s is one line with its place", (_, yaml, line) => {
    const faults = faultsOf(yaml);
    expect(faults[0]).toMatch(line);
    expect(faults.length === 1 || yaml.includes("*a"), faults.join("\n")).toBe(true);
  });

  test("several are several lines, whatever section they are in", () => {
    const yaml = `upstreams: {a: {url: x, weight: y}}
routes: [{model: m, upstream: b}]
models: {m: {max_output: z}}
middlewares: [nothing]
port: p`;
    expect(faultsOf(yaml)).toHaveLength(6);
    const doubled = "upstreams: {a: http://a, a: http://b}\nport: 1\nport: 2\n";
    expect(faultsOf(doubled)).toHaveLength(2);
  });

  test("none repeats a secret", () => {
    const secret = "sk-made-up-secret";
    const texts = [
      `upstreams: {a: {url: "http://bob:${secret}@box"}}`,
      `upstreams: {a: {url: http://a, key: two ${secret}}}`,
      `upstreams: {a: {url: http://a, ${secret}: x}}`,
      `upstreams: {a: {url: http://a, auth: ${secret}}}`,
      `upstreams: ${secret}`,
      `routes: [{model: a, upstream: ${secret}}]`,
      `middlewares: [${secret}]`,
      `upstreams: {a: {url: http://a, key: "${secret}}`,
    ];
    for (const text of texts) {
      expect(faultsOf(text).length, text).toBeGreaterThan(0);
      expect(faultsOf(text).join(), text).not.toContain(secret);
    }
  });
});
