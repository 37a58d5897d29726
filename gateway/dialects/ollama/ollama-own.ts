import { GatewayError } from "../../errors.ts";
import { isJsonObject, type JsonObject, jsonText } from "../../json-object.ts";
import { contextLengthIn } from "../context-length.ts";
import type { DialectOwn, OwnModel, OwnQuestion } from "../dialect.ts";
import { wrong } from "../field-checks.ts";

/** The Ollama release that this API follows: clients compare it with what they need. */
const apiVersion = "0.21.0";

/** Calls that change the models of a server. People manage those where the server runs. */
const managing: ReadonlySet<string> = new Set([
  ...["/api/pull", "/api/push", "/api/create", "/api/copy", "/api/delete"],
]);

/** What a server says of a model, in the words of `/api/tags`; what it does not say is empty. */
function detailsOf(model: OwnModel): JsonObject {
  const details = isJsonObject(model.details) ? model.details : {};
  const meta = isJsonObject(model.meta) ? model.meta : {};
  const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
  const family = textOf(details.family);
  return {
    parent_model: "",
    format: textOf(details.format),
    family,
    families: family === "" ? [] : [family],
    parameter_size: textOf(details.parameter_size) || sizeName(meta.n_params),
    quantization_level: textOf(details.quantization_level),
  };
}

/** 7241732096 → `7.2B`, as Ollama writes the number of parameters. */
function sizeName(count: unknown): string {
  if (typeof count !== "number" || !Number.isFinite(count) || count <= 0) return "";
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)}B`;
  return count >= 1e6 ? `${(count / 1e6).toFixed(2)}M` : `${Math.round(count / 1e3)}K`;
}

/** Images as far as its server tells; tools are taken to work unless it says what works. */
function capabilitiesOf(model: OwnModel): string[] {
  const { architecture } = model;
  const told = Array.isArray(model.capabilities) ? model.capabilities : [];
  const inputs: unknown = isJsonObject(architecture) ? architecture.input_modalities : [];
  const seesImages =
    ["vision", "multimodal"].some((one) => told.includes(one)) ||
    (Array.isArray(inputs) && inputs.includes("image"));
  if (told.includes("embedding")) return ["embedding"];
  return ["completion", "tools", ...(seesImages ? ["vision"] : [])];
}

const instantOf = ({ created }: OwnModel): string => new Date(created * 1000).toISOString();

/** One entry of `/api/tags` (Ollama's `ListModelResponse`). */
function tagOf(model: OwnModel): JsonObject {
  const meta = isJsonObject(model.meta) ? model.meta : {};
  return {
    name: model.id,
    model: model.id,
    modified_at: instantOf(model),
    size: typeof meta.size === "number" ? meta.size : 0,
    digest: "",
    details: detailsOf(model),
    capabilities: capabilitiesOf(model),
  };
}

/** One entry of `/api/ps`: a model that its server says is loaded. */
function loadedOf(model: OwnModel): JsonObject {
  const { capabilities: _, modified_at: _at, ...tag } = tagOf(model);
  const context = contextLengthIn(model);
  return {
    ...tag,
    size_vram: 0,
    // A server that unloads a model does not say when.
    expires_at: "0001-01-01T00:00:00Z",
    ...(context === null ? {} : { context_length: context }),
  };
}

const isLoaded = ({ status }: OwnModel): boolean =>
  isJsonObject(status) && status.value === "loaded";

/** The answer of `/api/show`: no template, no parameters, and no path of the host. */
function show({ body, models }: OwnQuestion): JsonObject {
  const asked = body?.model ?? body?.name;
  if (typeof asked !== "string" || asked === "") return wrong("model", "is required");
  const model = models.find(({ id }) => id === asked) ?? models.find(({ id }) => isSame(id, asked));
  if (model === undefined) throw notFound(asked);
  const details = detailsOf(model);
  const context = contextLengthIn(model);
  const architecture = jsonText(details.family) || "unknown";
  return {
    details,
    model_info: {
      "general.architecture": architecture,
      ...(context === null ? {} : { [`${architecture}.context_length`]: context }),
    },
    capabilities: capabilitiesOf(model),
    modified_at: instantOf(model),
  };
}

const isSame = (id: string, asked: string): boolean =>
  `${id}:latest` === asked || id === `${asked}:latest`;

const notFound = (model: string): GatewayError =>
  new GatewayError("model_not_found", "There is no model with this name.", {
    param: "model",
    model: model.slice(0, 100),
  });

/**
 * Everything under `/api` that does not generate. Nothing of it reaches an upstream: a real Ollama
 * would pull and delete models for everybody.
 */
export const ollamaOwn: DialectOwn = {
  readsBody: (method, path) => method === "POST" && path === "/api/show",
  answer(question) {
    const { path, models } = question;
    const method = question.method === "HEAD" ? "GET" : question.method;
    if (method === "GET" && path === "/api/tags") return { models: models.map(tagOf) };
    if (method === "GET" && path === "/api/ps") {
      return { models: models.filter(isLoaded).map(loadedOf) };
    }
    if (method === "GET" && path === "/api/version") return { version: apiVersion };
    if (method === "POST" && path === "/api/show") return show(question);
    if (managing.has(path) || path.startsWith("/api/blobs/")) {
      throw new GatewayError(
        "not_allowed",
        "models cannot be pulled, pushed, created, copied or deleted through the gateway",
      );
    }
    throw new GatewayError(
      "not_found",
      "There is nothing at this path. Ollama's calls are /api/chat, /api/generate, /api/embed and /api/tags.",
    );
  },
};
