import { describe, expect, test } from "vitest";
import { faultsOf, loadConfig } from "../test/support/test-config.ts";

const target = (upstream: string, model: string | null = null) => ({ upstream, model });

describe("providers by variables", () => {
  test.each(["OPENAI", "GOOGLE", "ANTHROPIC", "OLLAMA"])(
    "%s_API_KEY alone sends nobody's prompts anywhere",
    (name) => {
      const { settings } = loadConfig("", { [`${name}_API_KEY`]: "made-up" });
      expect(settings.upstreams).toEqual([]);
      expect(settings.routes).toEqual([]);
    },
  );

  test.each([
    ["OPENAI_DOMAIN", "llm.example.com", "openai", "https://llm.example.com"],
    ["OPENAI_PORT", "8443", "openai", "https://api.openai.com:8443"],
    ["GOOGLE_TLS", "true", "google", "https://generativelanguage.googleapis.com"],
    ["ANTHROPIC_TLS", "on", "anthropic", "https://api.anthropic.com"],
    ["ANTHROPIC_TLS", "off", "anthropic", "http://api.anthropic.com"],
    ["OLLAMA_DOMAIN", "gpu-box", "ollama", "http://gpu-box:11434"],
    ["OLLAMA_DOMAIN", "::1", "ollama", "http://[::1]:11434"],
    ["OLLAMA_TLS", "true", "ollama", "https://localhost:11434"],
  ])("%s=%s makes %s at %s", (variable, value, name, url) => {
    const { settings } = loadConfig("", { [variable]: value, OPENAI_API_KEY: "of-openai" });
    expect(settings.upstreams).toMatchObject([
      { name, url, type: name, key: name === "openai" ? "of-openai" : null },
    ]);
  });

  test("route their own models, and none of the box's", () => {
    const env = { OPENAI_TLS: "1", GOOGLE_TLS: "1", ANTHROPIC_TLS: "1", OLLAMA_TLS: "0" };
    const { routes, upstreams } = loadConfig("max_concurrent: 2", env).settings;
    expect(upstreams.map(({ maxConcurrent }) => maxConcurrent)).toEqual([32, 32, 32, 2]);
    const byModel = new Map(routes.map(({ model, upstreams: [to] }) => [model, to?.upstream]));
    expect(byModel.get("gpt-*")).toBe("openai");
    expect(byModel.get("o3*")).toBe("openai");
    expect(byModel.get("gemini-*")).toBe("google");
    expect(byModel.get("claude-*")).toBe("anthropic");
    expect([...byModel.values()]).not.toContain("ollama");
    expect([...byModel.keys()].filter((glob) => /^o\*|^\*/.test(glob))).toEqual([]);
  });

  test("come after the file's routes, which may lead to them", () => {
    const yaml =
      'upstreams: {box: http://box}\nroutes: [{model: "gpt-*", upstream: box, fallbacks: [openai]}]';
    const { routes } = loadConfig(yaml, { OPENAI_TLS: "true" }).settings;
    expect(routes[0]).toMatchObject({ model: "gpt-*", upstreams: [target("box")] });
    expect(routes.filter(({ model }) => model === "gpt-*")).toHaveLength(1);
    expect(routes.at(-1)).toMatchObject({ model: "o9*", upstreams: [target("openai")] });
  });

  test("one of the file with the same name is a fault that says so", () => {
    const yaml = "upstreams:\n  openai: http://box\n";
    expect(faultsOf(yaml, { OPENAI_PORT: "444" })).toEqual([
      "config.yaml line 2, column 3: upstream openai: OPENAI_PORT makes one of this name; rename one, or unset that",
    ]);
  });

  test("stand not in the config file, where upstreams are", () => {
    expect(faultsOf("openai_domain: x")[0]).toMatch(/no setting openai_domain/);
  });
});
