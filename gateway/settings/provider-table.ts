import { yesOrNo } from "./access-kinds.ts";
import { orNothing } from "./kind.ts";
import { host, key, wholeNumber } from "./kinds.ts";
import type { Provider, ProviderSettings } from "./provider-settings.ts";
import { providers } from "./provider-upstreams.ts";
import type { Setting } from "./setting.ts";

type Table<Name extends keyof ProviderSettings> = {
  readonly [Key in Name]: Setting<ProviderSettings[Key]>;
};

type Own<Name extends Provider> = Table<
  `${Name}Domain` | `${Name}Port` | `${Name}Tls` | `${Name}ApiKey`
>;

const port = wholeNumber(1, 65_535, "must be a whole number from 1 to 65535");

/** Clouds, and Ollama, by a few variables; in the config file they stand among the upstreams. */
export const providerTable: Table<keyof ProviderSettings> = {
  ...tableOf("openai"),
  ...tableOf("google"),
  ...tableOf("anthropic"),
  ...tableOf("ollama"),
};

function tableOf<Name extends Provider>(name: Name): Own<Name> {
  const { title, domain, port: usualPort, tls } = providers[name];
  const prefix = name.toUpperCase();
  const environmentOnly = true;
  return {
    [`${name}Domain`]: {
      env: `${prefix}_DOMAIN`,
      environmentOnly,
      about: `where ${title} is; this, ${prefix}_PORT or ${prefix}_TLS makes it an upstream`,
      schema: orNothing(host),
      default: "",
      example: domain,
    },
    [`${name}Port`]: {
      env: `${prefix}_PORT`,
      environmentOnly,
      about: `the port of ${title}`,
      schema: orNothing(port),
      default: "",
      example: String(usualPort),
    },
    [`${name}Tls`]: {
      env: `${prefix}_TLS`,
      environmentOnly,
      about: `whether ${title} is reached by TLS`,
      schema: orNothing(yesOrNo),
      default: "",
      example: String(tls),
    },
    [`${name}ApiKey`]: {
      env: `${prefix}_API_KEY`,
      environmentOnly,
      about: `the key the gateway shows to ${title}; alone it turns nothing on`,
      secret: true,
      schema: orNothing(key),
      default: "",
      example: "sk-...",
    },
  } as Own<Name>;
}
