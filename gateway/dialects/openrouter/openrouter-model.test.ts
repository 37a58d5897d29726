import {
  ListEndpointsResponse$inboundSchema,
  Model$inboundSchema,
  ModelsListResponse$inboundSchema,
} from "@openrouter/sdk/models";
import { describe, expect, it } from "vitest";
import { openRouterEndpoints, openRouterModel, openRouterModels } from "./openrouter-model.ts";
import { type Listed, modelFacts } from "./openrouter-model-facts.ts";

const price = { input: 0.000008, cached: null, output: 0.0000005 };
const listed: Listed = { id: "llama", object: "model", created: 7, owned_by: "box" };
const facts = (more: object = {}, said: Parameters<typeof modelFacts>[1] = null) =>
  modelFacts({ ...listed, ...more }, said, price, 131_072);
const everything = {
  ...{ offset: 0, limit: null, search: "" },
  ...{ inputs: [], outputs: [], parameters: [] },
};

describe("a model of OpenRouter's", () => {
  it("has every key its client insists on", () => {
    const shown = Model$inboundSchema.parse(openRouterModel(facts()));
    expect(shown).toMatchObject({
      id: "llama",
      canonicalSlug: "box/llama",
      contextLength: 131_072,
      pricing: { prompt: "0.000008", completion: "0.0000005", inputCacheRead: "0.000008" },
      architecture: { modality: "text->text" },
      topProvider: { contextLength: 131_072, maxCompletionTokens: null, isModerated: false },
      links: { details: "/api/v1/models/box/llama/endpoints" },
    });
  });

  it("is what the settings say, then what its server says", () => {
    const ofServer = { meta: { n_ctx: 8192, n_ctx_train: 131_072 }, description: "small" };
    expect(facts(ofServer)).toMatchObject({ contextLength: 8192, description: "small" });
    expect(facts({ max_model_len: 40_000, display_name: "Llama" })).toMatchObject({
      contextLength: 40_000,
      name: "Llama",
    });
    const said = { name: "Ours", description: null, contextLength: 4096, maxOutput: 512 };
    expect(facts(ofServer, said)).toMatchObject({
      name: "Ours",
      description: "small",
      contextLength: 4096,
      maxOutput: 512,
    });
  });

  it("takes no nonsense of its server's", () => {
    const odd = {
      meta: "x",
      context_length: -1,
      name: 7,
      supported_parameters: [1],
      architecture: 0,
    };
    const shown = Model$inboundSchema.parse(openRouterModel(facts(odd)));
    expect(shown).toMatchObject({ name: "llama", contextLength: 131_072 });
  });

  it("keeps the modalities that llama-server tells", () => {
    const architecture = { input_modalities: ["text", "image"], output_modalities: ["text"] };
    const shown = Model$inboundSchema.parse(openRouterModel(facts({ architecture })));
    expect(shown.architecture).toMatchObject({
      modality: "text+image->text",
      inputModalities: ["text", "image"],
    });
  });

  it("keeps a name with an author, and escapes what a path cannot hold", () => {
    expect(openRouterModel(facts({ id: "meta/llama:free" }))).toMatchObject({
      canonical_slug: "meta/llama:free",
      links: { details: "/api/v1/models/meta/llama%3Afree/endpoints" },
    });
  });

  it("has endpoints as its client reads them", () => {
    const shown = ListEndpointsResponse$inboundSchema.parse(openRouterEndpoints(facts()));
    expect(shown.endpoints).toHaveLength(1);
    expect(shown.endpoints[0]).toMatchObject({ providerName: "box", contextLength: 131_072 });
  });
});

describe("a list of OpenRouter's", () => {
  const many = ["a/one", "b/two", "b/three"].map((id) => facts({ id }));

  it("is read by its client, whole", () => {
    const list = ModelsListResponse$inboundSchema.parse(openRouterModels(many, everything));
    expect(list).toMatchObject({ totalCount: 3, links: { next: null } });
  });

  it("comes in pages", () => {
    const first = openRouterModels(many, { ...everything, limit: 2 });
    expect(first).toMatchObject({
      total_count: 3,
      data: [{ id: "a/one" }, { id: "b/two" }],
      links: { next: "/api/v1/models?offset=2&limit=2" },
    });
    const last = openRouterModels(many, { ...everything, offset: 2, limit: 2 });
    expect(last).toMatchObject({ data: [{ id: "b/three" }], links: { next: null } });
  });

  it("is searched by name, by modality and by parameter", () => {
    const ids = (more: object) =>
      (openRouterModels(many, { ...everything, ...more }).data as { id: string }[]).map(
        ({ id }) => id,
      );
    expect(ids({ search: "b/t" })).toEqual(["b/two", "b/three"]);
    expect(ids({ inputs: ["image"] })).toEqual([]);
    expect(ids({ parameters: ["tools", "seed"] })).toHaveLength(3);
  });
});
