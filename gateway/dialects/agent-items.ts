/** Items and tools of agents that only some servers know: freeform tools, Codex' and OpenAI's. */
const agentItems =
  /"type"\s*:\s*"(?:additional_tools|namespace|custom|(?:custom_tool|local_shell|shell|apply_patch|tool_search)(?:_call|_output|_call_output)?)"/;

/** How their types begin; a text cannot hold them, because its quotes are escaped. */
const agentWords =
  '"additional_tools "namespace "custom "local_shell "shell "apply_patch "tool_search'.split(" ");

/** Most bodies have none, and large ones are not copied to see that. */
export function holdsAgentItems(body: Buffer): boolean {
  return agentWords.some((word) => body.includes(word)) && agentItems.test(body.toString("latin1"));
}
