/** A tool as the client declared it, where its dialect has more kinds than functions. */
export type ClientTool = {
  readonly kind: "function" | "custom" | "local_shell" | "shell" | "apply_patch" | "tool_search";
  readonly name: string;
  /** The group that it stands in; null for none. */
  readonly namespace: string | null;
};

/** By the name under which the upstream knows them. */
export type ClientTools = ReadonlyMap<string, ClientTool>;

/**
 * What the client calls a tool that the model called. Models leave the group out at times: the bare
 * name stands for the one tool that has it.
 */
export function clientToolOf(name: string, tools: ClientTools | undefined): ClientTool {
  const known = tools?.get(name);
  if (known !== undefined) return known;
  const same = [...(tools?.values() ?? [])].filter((tool) => tool.name === name);
  const [only] = same;
  if (only !== undefined && same.length === 1) return only;
  return { kind: "function", name, namespace: null };
}
