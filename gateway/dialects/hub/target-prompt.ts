import type { LanguageModelV4Message, SharedV4ProviderOptions } from "@ai-sdk/provider";
import type { HubRequest } from "./hub.ts";

type Options = HubRequest["options"];
type Hinted = { providerOptions?: SharedV4ProviderOptions | undefined };

/** The hints of one provider, out of those of all; undefined where it has none. */
export function hintsFor(
  provider: string,
): (hints: SharedV4ProviderOptions) => typeof hints | undefined {
  return (hints) => {
    const own = hints[provider];
    return own === undefined ? undefined : { [provider]: own };
  };
}

type Keep = (hints: SharedV4ProviderOptions, kind: string) => SharedV4ProviderOptions | undefined;

function kept<T extends Hinted>(one: T, keep: Keep, kind: string): T {
  if (one.providerOptions === undefined) return one;
  const { providerOptions, ...rest } = one;
  const own = keep(providerOptions, kind);
  // What is left is the same object without, or with fewer, hints.
  return (own === undefined ? rest : { ...rest, providerOptions: own }) as T;
}

function keptMessage(message: LanguageModelV4Message, keep: Keep): LanguageModelV4Message {
  const bare = kept(message, keep, message.role);
  if (bare.role === "system") return bare;
  const content = bare.content.map((part) => kept<Hinted>(part, keep, part.type));
  return { ...bare, content } as LanguageModelV4Message;
}

/** The request with only those hints that `keep` gives for each request, message, part and tool. */
export function withHints(options: Options, keep: Keep): Options {
  const { tools } = options;
  return {
    ...kept(options, keep, "request"),
    prompt: options.prompt.map((message) => keptMessage(message, keep)),
    ...(tools === undefined
      ? {}
      : {
          tools: tools.map((tool) => (tool.type === "function" ? kept(tool, keep, "tool") : tool)),
        }),
  };
}

/**
 * The system messages at the start as one: many a model's template takes no second one. Those
 * further on stay where they are.
 */
export function withOneSystem(options: Options): Options {
  const { prompt } = options;
  const end = prompt.findIndex(({ role }) => role !== "system");
  const count = end < 0 ? prompt.length : end;
  if (count < 2) return options;
  const texts = prompt.slice(0, count).map(({ content }) => String(content));
  const first: LanguageModelV4Message = { role: "system", content: texts.join("\n\n") };
  return { ...options, prompt: [first, ...prompt.slice(count)] };
}

/**
 * True where the client marked cached prefixes: Anthropic's idea, which the others do by
 * themselves.
 */
export function marksCache({ prompt, tools = [] }: Options): boolean {
  const marks = ({ providerOptions }: Hinted): boolean =>
    providerOptions?.anthropic?.cacheControl !== undefined;
  if (tools.some((tool) => tool.type === "function" && marks(tool))) return true;
  return prompt.some(
    (message) => marks(message) || (message.role !== "system" && message.content.some(marks)),
  );
}
