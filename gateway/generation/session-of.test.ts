import { expect, test } from "vitest";
import { sessionOf } from "./session-of.ts";

test.each([
  ["Open WebUI", "x-openwebui-chat-id"],
  ["Claude Code", "x-claude-code-session-id"],
  ["Codex", "session_id"],
  ["an older Codex", "session-id"],
  ["opencode", "x-opencode-session"],
  ["opencode, to other providers", "x-session-affinity"],
  ["an older opencode", "x-session-id"],
])("%s names its session in %s", (_, name) => {
  expect(sessionOf({ [name]: "chat-1" })).toBe("chat-1");
});

test("a text that is no id names no session, and neither does another header", () => {
  expect(sessionOf({})).toBeNull();
  expect(sessionOf({ "x-openwebui-chat-id": "" })).toBeNull();
  expect(sessionOf({ "x-openwebui-chat-id": "a".repeat(129) })).toBeNull();
  expect(sessionOf({ "x-chat": "chat-1" })).toBeNull();
});
