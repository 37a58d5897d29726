import { afterEach, describe, expect, it } from "vitest";
import { cannedServer } from "../test/fixtures/canned-server.ts";
import { readModelList } from "./read-model-list.ts";
import { kindOf, learnKind, openUpstream, type ServerType, type Upstream } from "./upstream.ts";

let upstream: Upstream;
afterEach(() => upstream.connections.close());

function open(url = "http://127.0.0.1:9", type: ServerType = "auto"): Upstream {
  upstream = openUpstream({ url, key: null, type, connectTimeoutMs: 1_000 });
  return upstream;
}

describe("the kind of an upstream", () => {
  it("is unknown until an answer shows it", () => {
    expect(kindOf(open(), "m")).toBeNull();
    learnKind(upstream, { model: "m", server: "nginx" });
    expect(kindOf(upstream, "m")).toBe("openai");
  });

  it("becomes llama.cpp as soon as an answer shows that, also after others did not", () => {
    open();
    learnKind(upstream, { model: null, server: "llama-swap" });
    learnKind(upstream, { model: "vllm", server: "uvicorn" });
    learnKind(upstream, { model: "m", server: "llama.cpp" });
    learnKind(upstream, { model: "m", server: "nginx" });
    expect([upstream.kind, kindOf(upstream, "m")]).toEqual(["llamacpp", "llamacpp"]);
    expect(kindOf(upstream, "vllm")).toBe("openai");
  });

  it("is llama.cpp behind a proxy by its owner or timings, and then keeps its connections", () => {
    open();
    expect(upstream.closesStreams).toBeNull();
    learnKind(upstream, { model: "m", server: "nginx", hasTimings: true });
    learnKind(upstream, { model: "n", owner: "llamacpp" });
    expect([kindOf(upstream, "m"), kindOf(upstream, "n")]).toEqual(["llamacpp", "llamacpp"]);
    expect(upstream.closesStreams).toBe(false);
    learnKind(upstream, { model: "m", server: "llama.cpp" });
    learnKind(upstream, { model: null, server: "llama-swap" });
    expect(upstream.closesStreams).toBe(true);
  });

  it("is what the operator says", () => {
    open("http://127.0.0.1:9", "openai");
    learnKind(upstream, { model: "m", server: "llama.cpp", hasTimings: true });
    expect(kindOf(upstream, "m")).toBe("openai");
  });

  it("is read from the owner of its models", async () => {
    const list = { object: "list", data: [{ id: "tiny", object: "model", owned_by: "llamacpp" }] };
    await using server = await cannedServer(200, JSON.stringify(list));
    await readModelList(open(server.url), 1_000);
    expect(kindOf(upstream, "tiny")).toBe("llamacpp");
  });
});
