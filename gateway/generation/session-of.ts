import type { IncomingHttpHeaders } from "node:http";

/**
 * The headers in which programs name the chat or session of a request: Open WebUI, Claude Code,
 * Codex (two versions), and opencode (three).
 */
const names = [
  "x-openwebui-chat-id",
  "x-claude-code-session-id",
  "session-id",
  "session_id",
  "x-session-affinity",
  "x-session-id",
  "x-opencode-session",
];

/** A longer text is no id. */
const mostCharacters = 128;

/** The session that a request names; null if it names none. */
export function sessionOf(headers: IncomingHttpHeaders): string | null {
  for (const name of names) {
    const value = headers[name];
    if (typeof value === "string" && value !== "" && value.length <= mostCharacters) return value;
  }
  return null;
}
