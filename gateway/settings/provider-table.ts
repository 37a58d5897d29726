import { type Provider, providers } from "./providers.ts";
import type { PlainSetting } from "./setting.ts";

/** Settings `openaiDomain` and so on, of one kind; null is not set. */
type Of<Name extends Provider, What extends string, Kind> = {
  readonly [Key in `${Name}${What}`]: PlainSetting & {
    readonly kind: Kind;
    readonly unset: "nothing";
  };
};

type ProviderTable<Name extends Provider> = Of<Name, "Domain", "host"> &
  Of<Name, "Port", "outsidePort"> &
  Of<Name, "Tls", "yesOrNo"> &
  Of<Name, "ApiKey", "key">;

/** Clouds, and Ollama, by a few variables; in the config file they stand among the upstreams. */
export const providerTable: ProviderTable<Provider> = {
  ...tableOf("openai"),
  ...tableOf("google"),
  ...tableOf("anthropic"),
  ...tableOf("ollama"),
};

function tableOf<Name extends Provider>(name: Name): ProviderTable<Name> {
  const { title, domain, port: usualPort, tls } = providers[name];
  const prefix = name.toUpperCase();
  const environmentOnly = true;
  return {
    [`${name}Domain`]: {
      env: `${prefix}_DOMAIN`,
      environmentOnly,
      about: `the host of ${title}; this, ${prefix}_PORT or ${prefix}_TLS makes it an upstream`,
      kind: "host",
      unset: "nothing",
      default: "",
      example: domain,
    },
    [`${name}Port`]: {
      env: `${prefix}_PORT`,
      environmentOnly,
      about: `the port of ${title}`,
      kind: "outsidePort",
      unset: "nothing",
      default: "",
      example: String(usualPort),
    },
    [`${name}Tls`]: {
      env: `${prefix}_TLS`,
      environmentOnly,
      about: `whether connections to ${title} use TLS`,
      kind: "yesOrNo",
      unset: "nothing",
      default: "",
      example: String(tls),
    },
    [`${name}ApiKey`]: {
      env: `${prefix}_API_KEY`,
      environmentOnly,
      about: `the key that the gateway sends to ${title}; alone it makes no upstream`,
      secret: true,
      kind: "key",
      unset: "nothing",
      default: "",
      example: "sk-...",
    },
  } as ProviderTable<Name>;
}
