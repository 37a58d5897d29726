import { digestOf, hintOf, keyFault } from "../../users/key.ts";
import { isMembers } from "../doctor/upstream-probe.ts";

/** A key of another gateway: by its digest, so that its holder goes on using it. */
export type ForeignKey = {
  /** SHA-256, 64 lower-case hex digits. */
  digest: string;
  user: string;
  hint: string;
  expires: string | null;
  models: string[] | null;
};

/** What was found in another gateway's files. */
export type Foreign = { keys: ForeignKey[]; models: string[]; upstreams: string[] };

/**
 * LiteLLM: what `GET /key/list?return_full_object=true` answers, or rows of its table
 * `LiteLLM_VerificationToken` as JSON (it keeps keys as SHA-256, as we do), or its config.yaml.
 */
export function readLiteLlm(document: unknown): Foreign {
  const list = isMembers(document) ? (document.keys ?? document.data ?? []) : document;
  const keys = (Array.isArray(list) ? list : []).flatMap((key: unknown): ForeignKey[] => {
    if (!isMembers(key) || typeof key.token !== "string") return [];
    const isHashed = /^[0-9a-f]{64}$/.test(key.token);
    if (!isHashed && keyFault(key.token) !== null) return [];
    const models = textsIn(key.models).filter((model) => !model.startsWith("all-"));
    return [
      {
        digest: isHashed ? key.token : digestOf(key.token),
        user: nameOf(key.key_alias ?? key.user_id ?? key.key_name),
        hint: isHashed ? "sk-" : hintOf(key.token),
        expires: typeof key.expires === "string" ? new Date(key.expires).toISOString() : null,
        models: models.length > 0 ? models : null,
      },
    ];
  });
  const routes =
    isMembers(document) && Array.isArray(document.model_list) ? document.model_list : [];
  const members = routes.filter(isMembers);
  return {
    keys,
    models: members.flatMap(({ model_name }) => textsIn([model_name])),
    upstreams: members.flatMap(({ litellm_params: params }) =>
      isMembers(params) ? textsIn([params.api_base]) : [],
    ),
  };
}

/** llama-swap's config.yaml: its `apiKeys` have no names, its models stand by name. */
export function readLlamaSwap(document: unknown): Foreign {
  if (!isMembers(document)) return { keys: [], models: [], upstreams: [] };
  const keys = textsIn(document.apiKeys)
    .filter((key) => keyFault(key) === null)
    .map((key, index) => ({
      digest: digestOf(key),
      user: `llama-swap-${index + 1}`,
      hint: hintOf(key),
      expires: null,
      models: null,
    }));
  const models = isMembers(document.models) ? Object.keys(document.models) : [];
  return { keys, models, upstreams: [] };
}

function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((text) => typeof text === "string") : [];
}

/** A name as users.json takes it. */
function nameOf(value: unknown): string {
  const text = typeof value === "string" ? value : "";
  const name = text.replace(/[^A-Za-z0-9._@+-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return name === "" || name.startsWith("sk-") ? "imported" : name.slice(0, 64);
}
