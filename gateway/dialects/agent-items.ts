/**
 * The types of items and tools of agents that only some servers know: freeform tools, Codex' and
 * OpenAI's. A text cannot hold them so, because its quotes are escaped.
 */
const agentTypes =
  /"type"\s*:\s*"(?:additional_tools|namespace|custom|(?:custom_tool|local_shell|shell|apply_patch|tool_search)(?:_call|_output|_call_output)?)"/;

/** Whether a body has such an item or tool. */
export const holdsAgentItems = (body: Buffer): boolean => agentTypes.test(body.toString("latin1"));
