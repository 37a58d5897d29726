import { expect, it } from "vitest";
import { publicFields } from "./public-fields.ts";

it("keeps what a client may want to know of a model", () => {
  const said = {
    name: "Qwen 3",
    description: "A model for chat and/or tools; n/a elsewhere",
    context_length: 8192,
    meta: { n_ctx: 4096, n_params: 1_000_000, vocab_type: 2 },
    architecture: { input_modalities: ["text", "image"], tokenizer: "org/model" },
    pricing: { prompt: "0", completion: "0.000001" },
    supported_endpoints: ["/v1/chat/completions", "/v1/embeddings"],
    homepage: "https://example.com/models/qwen",
    status: { value: "loaded" },
    parent: null,
    permission: [],
  };
  expect(publicFields(said)).toEqual(said);
});

it("keeps no command line, and no path on the upstream's machine", () => {
  const said = {
    path: "/srv/models/a.gguf",
    root: "/srv/models/a",
    in_cache: true,
    source: "file:///srv/a.gguf",
    windows: "C:\\models\\a.gguf",
    home: "~/models/a.gguf",
    started_by: "llama-server --host 0.0.0.0 --api-key-file keys",
    status: {
      value: "loaded",
      args: ["llama-server", "-m", "/srv/models/a.gguf"],
      preset: "[a]\nmodel = /srv/models/a.gguf\n",
      failed: false,
    },
    notes: ["fast", "from /srv/models/a.gguf", { where: { deep: "at=/opt/x/y" } }],
  };
  expect(publicFields(said)).toEqual({
    in_cache: true,
    status: { value: "loaded", failed: false },
    notes: ["fast", { where: {} }],
  });
});

it("ends in a tree without end", () => {
  let deep: Record<string, unknown> = { path: "/a/b" };
  for (let level = 0; level < 10_000; level++) deep = { deep };
  expect(JSON.stringify(publicFields(deep)).length).toBeLessThan(200);
});
