import type { Family } from "../../dialects/dialect.ts";
import type { Case, Said } from "./cases.ts";
import { providers, type TestProvider } from "./providers.ts";
import type { Convertible } from "./requests.ts";
import type { SdkClient } from "./sdk-client.ts";
import { sdkClients } from "./sdk-clients.ts";

/** The dialect that an upstream of each family takes as it is. */
const native: Readonly<Record<Family, Convertible>> = {
  openai: "chat",
  anthropic: "messages",
  google: "gemini",
};

export type Pair = { name: string; client: SdkClient; provider: TestProvider };

/** Every client with every upstream whose dialect is another. */
export const pairs: readonly Pair[] = sdkClients.flatMap((client) =>
  providers
    .filter(({ family }) => native[family] !== client.dialect)
    .map((provider) => ({ name: `${client.name} → ${provider.name}`, client, provider })),
);

/** What a client should have of a case: all of it, but for what one side has no word for. */
export function expected({ client, provider }: Pair, one: Case): Said {
  const { name: _name, usage, ...rest } = one;
  return {
    ...rest,
    signature: provider.tells.signature && client.sees.signature ? one.signature : null,
    usage: {
      ...usage,
      cached: provider.tells.cached ? usage.cached : 0,
      reasoning: provider.tells.reasoning && client.sees.reasoningTokens ? usage.reasoning : 0,
    },
  };
}
