import { contextLengthIn } from "../context-length.ts";
import type { DialectModels } from "../dialect.ts";

const idOf = (model: object | undefined): unknown =>
  model !== undefined && "id" in model ? model.id : null;

/** Anthropic's list of models, for its clients: they send their version of the API. */
export const anthropicModels: DialectModels = {
  // It is at `/v1/models`, as OpenAI's.
  path: null,
  isMeantBy: (headers) => headers["anthropic-version"] !== undefined,
  one: (model) => ({
    type: "model",
    id: model.id,
    display_name: model.id,
    created_at: new Date(model.created * 1000).toISOString(),
    lifecycle: "active",
    deprecated_at: null,
    retires_at: null,
    line: null,
    max_input_tokens: contextLengthIn(model),
    max_tokens: null,
    capabilities: null,
  }),
  all: (models) => ({
    data: models,
    has_more: false,
    first_id: idOf(models.at(0)),
    last_id: idOf(models.at(-1)),
  }),
};
