import { createHash } from "node:crypto";
import type { HubOptions, Message } from "./parts-hub.ts";

/** What a family of upstreams takes as the name of a tool and as the id of a call. */
export type NameRules = {
  /** A letter that a name may not have. */
  readonly foreign: RegExp;
  readonly longest: number;
  /** A name begins with a letter or an underscore. */
  readonly beginsWithLetter: boolean;
  readonly longestId: number;
};

/** The names that went upstream in place of the client's: the upstream's → the client's. */
export type ToolNames = ReadonlyMap<string, string>;

export type FittedNames = { readonly options: HubOptions; readonly toolNames: ToolNames };

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

/** The same text for the same name, in every turn: else the upstream's cache would be lost. */
function fitted(name: string, longest: number, foreign: RegExp): string {
  const plain = name.replace(new RegExp(foreign, "g"), "_");
  if (plain.length <= longest) return plain;
  return `${plain.slice(0, longest - 9)}_${shortHash(name)}`;
}

/** Gives each text one that fits. No two texts get the same. */
function createFitting(longest: number, foreign: RegExp, beginsWithLetter: boolean) {
  const byOwn = new Map<string, string>();
  const taken = new Set<string>();
  const fits = (name: string): boolean =>
    name.length <= longest &&
    !foreign.test(name) &&
    !(beginsWithLetter && !/^[a-zA-Z_]/.test(name));
  return {
    /** Those that fit keep their text, so they come first. */
    keep(names: Iterable<string>): void {
      for (const name of names) if (fits(name)) taken.add(name);
    },
    fit(name: string): string {
      if (fits(name)) return name;
      const known = byOwn.get(name);
      if (known !== undefined) return known;
      const begun = beginsWithLetter && !/^[a-zA-Z_]/.test(name) ? `_${name}` : name;
      let found = fitted(begun, longest, foreign);
      if (taken.has(found)) found = `${found.slice(0, longest - 9)}_${shortHash(name)}`;
      taken.add(found);
      byOwn.set(name, found);
      return found;
    },
    get changed(): ReadonlyMap<string, string> {
      return byOwn;
    },
  };
}

type Fitting = ReturnType<typeof createFitting>;

/** What a prompt's calls and results are called: the names of tools, and the ids. */
function namesIn(prompt: readonly Message[]): { tools: string[]; ids: string[] } {
  const tools: string[] = [];
  const ids: string[] = [];
  for (const { content } of prompt) {
    if (typeof content === "string") continue;
    for (const part of content) {
      if (part.type !== "tool-call" && part.type !== "tool-result") continue;
      tools.push(part.toolName);
      ids.push(part.toolCallId);
    }
  }
  return { tools, ids };
}

function renamedMessage(message: Message, tools: Fitting, ids: Fitting): Message {
  if (message.role !== "assistant" && message.role !== "tool") return message;
  const content = message.content.map((part) =>
    part.type === "tool-call" || part.type === "tool-result"
      ? { ...part, toolName: tools.fit(part.toolName), toolCallId: ids.fit(part.toolCallId) }
      : part,
  );
  // The parts are of the same kinds as before.
  return { ...message, content } as Message;
}

/**
 * Tools and calls by names and ids that the upstream takes. The client's own come back in the answer
 * (`toolNames`). Ids need no way back: the client sends its own again with the next turn.
 */
export function fitNames(options: HubOptions, rules: NameRules): FittedNames {
  const { foreign, longest, beginsWithLetter, longestId } = rules;
  const said = namesIn(options.prompt);
  const declared = (options.tools ?? []).map(({ name }) => name);
  const tools = createFitting(longest, foreign, beginsWithLetter);
  const ids = createFitting(longestId, /[^a-zA-Z0-9_-]/, false);
  tools.keep([...declared, ...said.tools]);
  ids.keep(said.ids);
  for (const name of [...declared, ...said.tools]) tools.fit(name);
  for (const id of said.ids) ids.fit(id);
  if (tools.changed.size === 0 && ids.changed.size === 0) return { options, toolNames: new Map() };
  const { toolChoice } = options;
  const renamed: HubOptions = {
    ...options,
    prompt: options.prompt.map((message) => renamedMessage(message, tools, ids)),
    ...(options.tools === undefined
      ? {}
      : { tools: options.tools.map((tool) => ({ ...tool, name: tools.fit(tool.name) })) }),
    ...(toolChoice?.type === "tool"
      ? { toolChoice: { ...toolChoice, toolName: tools.fit(toolChoice.toolName) } }
      : {}),
  };
  const toolNames = new Map([...tools.changed].map(([own, theirs]) => [theirs, own]));
  return { options: renamed, toolNames };
}
