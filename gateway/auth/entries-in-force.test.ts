import { expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import { newKey } from "../users/key.ts";
import { parseUsers } from "../users/snapshot.ts";
import { createGuessLimit } from "./guess-limit.ts";
import { type Asker, createIdentify, type IdentifyOptions } from "./identify.ts";
import type { Identity } from "./identity.ts";
import { createOpenDoor } from "./open-door.ts";
import type { PeopleBehind } from "./person-behind.ts";

const now = Date.UTC(2026, 10, 21, 12);
const past = "2026-11-21T11:59:59Z";
const users = parseUsers(
  JSON.stringify({
    [newKey()]: { user: "ann", role: "admin", expires: past, weight: 9 },
    [newKey()]: { user: "ann", role: "user", models: ["small"], limits: { requests: 1 } },
    [newKey()]: { user: "gone", expires: past },
    [newKey()]: { user: "gone", disabled: true },
    [newKey()]: { user: "anonymous", disabled: true },
  }),
);

const asker: Asker = {
  headers: {},
  query: "",
  isPublic: false,
  address: "192.0.2.1",
  isProxied: true,
};

/** The ways in without a key, each as a question for a user's name. */
const ways: [string, (user: string) => Promise<Identity>][] = [
  ["a JWT", (user) => ask({ headers: { authorization: "Bearer a.b.c" } }, user)],
  ["Access", (user) => ask({ headers: { "cf-access-jwt-assertion": "a.b.c" } }, user)],
  ["a proxy's header", (user) => ask({ headers: { "x-user": user } }, user)],
];

const people: PeopleBehind = { of: (entry) => entry };

async function ask(changes: Partial<Asker>, user: string): Promise<Identity> {
  return await createIdentify(options(user))({ ...asker, ...changes });
}

function options(user: string): IdentifyOptions {
  const check = async () => ({ sub: user, email: user });
  return {
    users: () => users,
    people,
    guesses: createGuessLimit(),
    userHeader: "x-user",
    jwt: { check, userClaim: "sub", roleClaim: null },
    access: { check, required: "off" },
    now: () => now,
  };
}

it.each(ways)("%s gets the first entry in force, and nothing of an expired one", async (_, way) => {
  expect(await way("ann")).toMatchObject({
    role: "user",
    models: ["small"],
    limits: { requests: 1 },
    weight: 1,
  });
});

it.each(ways)("%s lets nobody in who has only entries that are not in force", async (_, way) => {
  await expect(way("gone")).rejects.toMatchObject({ status: 401 });
});

it.each(ways)("%s lets in a user who has no entry at all", async (_, way) => {
  expect(await way("new")).toMatchObject({ user: "new", role: "user", models: null });
});

it("an open door refuses those without a name, where users.json disables `anonymous`", () => {
  const identify = createIdentify(options("nobody"));
  const parts = {
    identify,
    users: () => users,
    people,
    userHeader: "x-user",
    origins: [],
    refuseHost: () => {},
  };
  const door = createOpenDoor({ ...parts, now: () => now });
  expect(() => door(asker)).toThrow(GatewayError);
  // The header names somebody who is refused: then it is as if there were none.
  expect(() => door({ ...asker, headers: { "x-user": "gone" } })).toThrow(/asks for an API key/);
});
