import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { BusyAt } from "../cluster/gateways/ports.ts";
import { until } from "../test/support/harness.ts";
import { llamaScript, startLlamaServer, whyNoLlama } from "../test/support/llama-server.ts";
import { createBusyAt } from "./busy-at.ts";
import { leftWorkEnded } from "./left-work.ts";
import { openUpstream, type ServerType, type Upstream } from "./upstream.ts";

if (llamaScript === null) console.warn(`busy-at: ${whyNoLlama}`);

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

type Answers = Record<string, string | number | ((response: ServerResponse) => void)>;

/** A server that answers each path with a text or a status; 404 to others. */
async function serve(answers: Answers): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    const answer = answers[path] ?? 404;
    if (typeof answer === "function") answer(response);
    else if (typeof answer === "string") response.end(answer);
    else response.writeHead(answer).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endings.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, asked };
}

function open(url: string, type: ServerType): Upstream {
  const upstream = openUpstream({ url, key: null, name: "gpu", type, connectTimeoutMs: 1_000 });
  endings.push(() => upstream.connections.close());
  return upstream;
}

type Asked = { busy: () => Promise<number | null>; wait: (ms: number) => void };

/** Asks on a clock that the test moves. */
function watch(upstream: Upstream, capacity: number = 4): Asked {
  let time = 0;
  const busyAt: BusyAt = createBusyAt({
    upstreams: [upstream],
    capacityOf: () => capacity,
    now: () => time,
  });
  return { busy: () => busyAt("gpu"), wait: (ms) => (time += ms) };
}

const slot = (id: number, isBusy: boolean): object => ({
  ...{ id, n_ctx: 1024, speculative: false, is_processing: isBusy },
  ...(isBusy ? { id_task: id + 10 } : {}),
});
const slots = (...busy: boolean[]): string =>
  JSON.stringify(busy.map((isBusy, id) => slot(id, isBusy)));

const vllmPage = (
  running: string,
  waiting: string,
): string => `# HELP vllm:num_requests_running Number
# TYPE vllm:num_requests_running gauge
${running}
# HELP vllm:num_requests_waiting Number of requests waiting to be processed.
# TYPE vllm:num_requests_waiting gauge
${waiting}
vllm:num_requests_waiting_by_reason{engine="0",model_name="m",reason="capacity"} 50.0
vllm:num_requests_running_total{engine="0"} 60.0
`;

describe("of llama.cpp", () => {
  it("counts the slots that work", async () => {
    const { url } = await serve({ "/slots": slots(true, false, true, false) });
    expect(await watch(open(url, "llamacpp")).busy()).toBe(2);
  });

  it("knows nothing if more requests than slots may be there, since those that wait are not shown", async () => {
    const { url } = await serve({ "/slots": slots(true, true) });
    expect(await watch(open(url, "llamacpp"), 3).busy()).toBeNull();
    expect(await watch(open(url, "llamacpp"), 2).busy()).toBe(2);
  });

  it("counts the slots of all models that a router has loaded, and loads none", async () => {
    const model = (id: string, value: string): object => ({ id, status: { value } });
    const models = [model("a/b", "loaded"), model("c", "unloaded"), model("d", "loaded")];
    const { url, asked } = await serve({
      "/slots": 400,
      "/v1/models": JSON.stringify({ data: [...models, model("e", "sleeping")] }),
      "/slots?model=a%2Fb&autoload=false": slots(true, false),
      "/slots?model=d&autoload=false": slots(true, true, false),
    });
    expect(await watch(open(url, "llamacpp")).busy()).toBe(3);
    expect(asked).toHaveLength(4);
  });

  it("knows nothing while a router loads a model: requests wait for it", async () => {
    const { url } = await serve({
      "/slots": 400,
      "/v1/models": JSON.stringify({ data: [{ id: "a", status: { value: "loading" } }] }),
    });
    expect(await watch(open(url, "llamacpp")).busy()).toBeNull();
  });

  it("is found behind a local address of type auto", async () => {
    const { url, asked } = await serve({ "/slots": slots(false) });
    expect(await watch(open(url, "auto")).busy()).toBe(0);
    expect(asked).toEqual(["/slots"]);
  });

  it("shares its looks with those who wait for work that a client has left", async () => {
    const { url, asked } = await serve({ "/slots": slots(false, false) });
    const upstream = open(url, "llamacpp");
    expect(await watch(upstream).busy()).toBe(0);
    expect(await leftWorkEnded(upstream, "tiny", new AbortController().signal)).toBe(true);
    expect(asked).toEqual(["/slots"]);
  });
});

describe("of vLLM", () => {
  it("counts what runs and what waits, of all engines", async () => {
    const page = vllmPage(
      'vllm:num_requests_running{engine="0",model_name="a} b"} 3.0\nvllm:num_requests_running{engine="1",model_name="m"} 1.0',
      'vllm:num_requests_waiting{engine="0",model_name="a} b"} 2.0\nvllm:num_requests_waiting{engine="1",model_name="m"} 0.0',
    );
    const { url, asked } = await serve({ "/metrics": page });
    expect(await watch(open(url, "vllm")).busy()).toBe(6);
    expect(asked).toEqual(["/metrics"]);
  });

  it("reads a sample without labels, and takes none for a number that is none", async () => {
    const plain = vllmPage("vllm:num_requests_running 1", "vllm:num_requests_waiting 0");
    const odd = vllmPage("vllm:num_requests_running NaN", "vllm:num_requests_waiting 0");
    const half = vllmPage("vllm:num_requests_running 0", "");
    const told: (number | null)[] = [];
    for (const page of [plain, odd, half]) {
      told.push(await watch(open((await serve({ "/metrics": page })).url, "vllm")).busy());
    }
    expect(told).toEqual([1, null, null]);
  });

  it("is found behind a local address of type auto", async () => {
    const page = vllmPage("vllm:num_requests_running 1", "vllm:num_requests_waiting 1");
    const { url, asked } = await serve({ "/metrics": page });
    expect(await watch(open(url, "auto")).busy()).toBe(2);
    expect(asked).toEqual(["/slots", "/metrics"]);
  });

  it("has a page of a megabyte at most", async () => {
    const page = vllmPage("vllm:num_requests_running 1", "vllm:num_requests_waiting 1");
    const { url } = await serve({ "/metrics": page + "#".repeat(1024 * 1024) });
    expect(await watch(open(url, "vllm")).busy()).toBeNull();
  });
});

describe("a server that does not tell", () => {
  it("is asked again after a minute", async () => {
    const answers: Answers = { "/slots": 501 };
    const { url, asked } = await serve(answers);
    const { busy, wait } = watch(open(url, "llamacpp"));
    expect(await busy()).toBeNull();
    answers["/slots"] = slots(true, false);
    wait(59_000);
    expect(await busy()).toBeNull();
    expect(asked).toHaveLength(1);
    wait(2_000);
    // Its slots were looked at in this very second of the real clock.
    await until(async () => {
      wait(1_000);
      return (await busy()) === 1;
    }, "it is asked");
  });

  it("is null: a page of another program, an answer that is no list, Ollama, an unknown name", async () => {
    const { url, asked } = await serve({ "/slots": "<html>", "/metrics": "up 1\n" });
    expect(await watch(open(url, "auto")).busy()).toBeNull();
    expect(asked).toEqual(["/slots", "/metrics"]);
    expect(await watch(open(url, "ollama")).busy()).toBeNull();
    expect(await watch(open("https://api.openai.com", "openai")).busy()).toBeNull();
    expect(await watch(open(url, "anthropic")).busy()).toBeNull();
    expect(asked).toHaveLength(2);
    const none = createBusyAt({ upstreams: [], capacityOf: () => 1 });
    expect(await none("gpu")).toBeNull();
  });
});

describe("a question", () => {
  it("is asked once a second, whoever asks", async () => {
    const answers: Answers = { "/metrics": vllmPage("vllm:num_requests_running 1", "") };
    answers["/metrics"] = vllmPage("vllm:num_requests_running 1", "vllm:num_requests_waiting 0");
    const { url, asked } = await serve(answers);
    const { busy, wait } = watch(open(url, "vllm"));
    expect(await Promise.all([busy(), busy(), busy()])).toEqual([1, 1, 1]);
    wait(800);
    expect(await busy()).toBe(1);
    expect(asked).toHaveLength(1);
    wait(200);
    answers["/metrics"] = vllmPage("vllm:num_requests_running 5", "vllm:num_requests_waiting 0");
    expect(await busy()).toBe(5);
    expect(asked).toHaveLength(2);
  });

  it("ends after two seconds without an answer, and is asked again", async () => {
    const answers: Answers = { "/metrics": () => {} };
    const { url, asked } = await serve(answers);
    const { busy, wait } = watch(open(url, "vllm"));
    expect(await busy()).toBeNull();
    answers["/metrics"] = vllmPage("vllm:num_requests_running 1", "vllm:num_requests_waiting 0");
    wait(1_000);
    expect(await busy()).toBe(1);
    expect(asked).toHaveLength(2);
  });

  it("is null, and not 0, if nothing listens there", async () => {
    const { url } = await serve({});
    for (const end of endings.splice(0)) await end();
    expect(await watch(open(url, "llamacpp")).busy()).toBeNull();
    expect(await watch(open(url, "vllm")).busy()).toBeNull();
  });
});

describe.runIf(llamaScript !== null)("of a real llama-server", () => {
  const begin = async (url: string, model: string): Promise<() => void> => {
    const leaving = new AbortController();
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "hi" }] }),
      signal: leaving.signal,
    });
    await response.body?.getReader().read();
    return () => leaving.abort();
  };

  it("counts a stream while it runs, and no more after it is cut", async () => {
    const model = join(dirname(llamaScript ?? ""), "models/tiny64k.gguf");
    const llama = await startLlamaServer(llamaScript ?? "", { CTX: "65536", MODEL: model });
    endings.push(() => llama.stop());
    const upstream = open(llama.url, "auto");
    const busyAt = createBusyAt({ upstreams: [upstream], capacityOf: () => 1 });
    expect(await busyAt("gpu")).toBe(0);
    const leave = await begin(llama.url, "tiny");
    await until(async () => (await busyAt("gpu")) === 1, "it runs");
    leave();
    await until(async () => (await busyAt("gpu")) === 0, "it is cut");
  }, 60_000);

  it("counts the streams of a router's loaded models", async () => {
    const folder = mkdtempSync(join(tmpdir(), "llama-models-"));
    endings.push(() => rmSync(folder, { recursive: true, force: true }));
    const from = join(dirname(llamaScript ?? ""), "models");
    cpSync(join(from, "tiny64k.gguf"), join(folder, "one.gguf"));
    cpSync(join(from, "tiny64k.gguf"), join(folder, "two.gguf"));
    const flags = ["--models-dir", folder, "--models-max", "2"];
    const llama = await startLlamaServer(llamaScript ?? "", { NOMODEL: "1" }, flags);
    endings.push(() => llama.stop());
    const busyAt = createBusyAt({
      upstreams: [open(llama.url, "llamacpp")],
      capacityOf: () => 4,
    });
    expect(await busyAt("gpu")).toBe(0);
    const loads = (): number => llama.log().match(/llama_server: model loaded$/gm)?.length ?? 0;
    expect(loads()).toBe(0);
    const leaves = [await begin(llama.url, "one"), await begin(llama.url, "two")];
    await until(async () => (await busyAt("gpu")) === 2, "both run");
    for (const leave of leaves) leave();
    await until(async () => (await busyAt("gpu")) === 0, "both are cut");
    expect(loads()).toBe(2);
  }, 60_000);
});
