/** A tool as the client declared it, where its dialect has more kinds than functions. */
export type ClientTool = {
  readonly kind: "function" | "custom" | "local_shell" | "tool_search";
  readonly name: string;
  /** The group that it stands in; null for none. */
  readonly namespace: string | null;
};

/** By the name under which the upstream knows them. */
export type ClientTools = ReadonlyMap<string, ClientTool>;
