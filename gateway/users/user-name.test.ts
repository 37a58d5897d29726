import { expect, test } from "vitest";
import { userNameFault } from "./user-name.ts";

test.each(["alice", "Alice Smith", "a", "bob@example.org", "x_1-2+3.4", "7", "a".repeat(64)])(
  "%j is a user's name",
  (name) => {
    expect(userNameFault(name)).toBeNull();
  },
);

test.each(["", " a", "a ", "-rf", "../etc", "a/b", "a\nb", "a:b", '"', "José", "a".repeat(65)])(
  "%j is none",
  (name) => {
    expect(userNameFault(name)).not.toBeNull();
  },
);

test("__proto__ is none, so no table of users can be poisoned by one", () => {
  expect(userNameFault("__proto__")).not.toBeNull();
});

test("a key in the place of the name is refused without being repeated", () => {
  expect(userNameFault("sk-abc123")).toContain("looks like a key");
  expect(userNameFault("sk-abc123")).not.toContain("abc123");
});
