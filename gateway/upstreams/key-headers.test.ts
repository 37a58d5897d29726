import { describe, expect, it } from "vitest";
import { headersToUpstream } from "./headers.ts";
import { keyHeaders } from "./key-headers.ts";

const added = { user: "alice", requestId: "r1", upstreamKey: "theirs" };
const mine = { authorization: "Bearer mine", "x-api-key": "mine", "x-goog-api-key": "mine" };
const ours = { "x-gateway-user": "alice", "x-request-id": "r1" };

describe("an upstream's own key", () => {
  it("is told in the words of its family", () => {
    expect(keyHeaders({ key: "k", family: "openai" })).toEqual({ authorization: "Bearer k" });
    expect(keyHeaders({ key: "k", family: "google" })).toEqual({ "x-goog-api-key": "k" });
    expect(keyHeaders({ key: "k", family: "anthropic" })).toEqual({
      "x-api-key": "k",
      "anthropic-version": "2023-06-01",
    });
    expect(keyHeaders({ key: null, family: "openai" })).toEqual({});
  });

  it("takes the place of whatever the client had, in all its places", () => {
    expect(headersToUpstream(mine, { ...added, family: "google" })).toEqual({
      ...ours,
      "x-goog-api-key": "theirs",
    });
    expect(headersToUpstream(mine, { ...added, family: "openai" })).toEqual({
      ...ours,
      authorization: "Bearer theirs",
    });
  });

  it("comes with Anthropic's version, unless the client named one", () => {
    const family = "anthropic";
    expect(headersToUpstream({}, { ...added, family })["anthropic-version"]).toBe("2023-06-01");
    const own = { "anthropic-version": "2027-01-01" };
    expect(headersToUpstream(own, { ...added, family })["anthropic-version"]).toBe("2027-01-01");
  });
});

describe("an upstream that takes the client's own credentials", () => {
  const passthrough = true;

  it("gets them unchanged, and not its own key beside them", () => {
    expect(headersToUpstream(mine, { ...added, passthrough })).toEqual({
      ...ours,
      authorization: "Bearer mine",
    });
    const anthropic = headersToUpstream(
      { "x-api-key": "mine" },
      {
        ...added,
        passthrough,
        family: "anthropic",
      },
    );
    expect(anthropic).toMatchObject({ "x-api-key": "mine" });
  });

  it("gets its own key where the client has none, and never their cookies", () => {
    expect(headersToUpstream({ cookie: "a=b" }, { ...added, passthrough })).toEqual({
      ...ours,
      authorization: "Bearer theirs",
    });
  });
});
