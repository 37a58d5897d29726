import type { Operation, Parameter } from "./operation.ts";

const people = { tag: "People", errors: "OpenAi" } as const;
const user: Parameter = { name: "user", in: "path", about: "The user's name, percent-encoded." };
const key: Parameter = {
  name: "id",
  in: "path",
  about: "The id of a key, as GET /users shows it.",
};

const personAnswer = { about: "The user.", schema: "Person" };
const newKeyAnswer = { about: "The new key, shown this once.", schema: "NewKey", status: 201 };

const period: readonly Parameter[] = [
  {
    ...{ name: "from", in: "query", example: "2026-11-01" },
    about: "A day in the time zone, or a time (ISO 8601); 29 days before today if left out.",
  },
  { name: "to", in: "query", about: "Where the report ends, not included; now if left out." },
];

/** Oneself, what was used, and, for administrators, all users. */
export const peopleOperations: readonly Operation[] = [
  {
    ...people,
    ...{ method: "get", path: "/me", access: "key" },
    summary: "Who you are: your keys, models, limits, and the addresses of the gateway",
    answer: { about: "You.", schema: "Me" },
  },
  {
    ...people,
    ...{ method: "get", path: "/me/requests", access: "key" },
    summary: "Your requests, the newest first",
    parameters: [
      { name: "limit", in: "query", about: "So many at most: 1 to 200.", example: "50" },
      { name: "cursor", in: "query", about: "The next_cursor of the page before." },
    ],
    answer: { about: "A page of requests.", schema: "PastRequests" },
  },
  {
    ...people,
    ...{ method: "post", path: "/me/listen", access: "key" },
    summary: "Listens for your next request of the API, once, for 5 minutes",
    answer: { about: "Until when.", schema: "Heard" },
  },
  {
    ...people,
    ...{ method: "get", path: "/me/listen", access: "key" },
    summary: "How that request arrived: names and types, no texts, and what was wrong",
    answer: { about: "The request; null until one has come.", schema: "Heard" },
  },
  {
    ...people,
    ...{ method: "get", path: "/usage", access: "key" },
    summary: "What you used; for administrators what everyone used",
    description:
      "Days and hours are those of the time zone. Quarters of an hour are kept for 90 days; older days are UTC days. A request counts when it ends, under the time when it began.",
    parameters: [
      ...period,
      {
        ...{ name: "group", in: "query", example: "day,model" },
        about: "A list of day, hour, user, model, upstream, dialect, key; day if left out.",
      },
      { name: "tz", in: "query", about: "A time zone; UTC if left out.", example: "Europe/Berlin" },
      { name: "user", in: "query", about: "One user; other users for administrators only." },
      {
        ...{ name: "format", in: "query", about: "json or csv." },
        schema: { type: "string", enum: ["json", "csv"] },
      },
    ],
    answer: { about: "The sums of each group, and of all.", schema: "Usage" },
  },
  {
    ...people,
    ...{ method: "get", path: "/upstreams", access: "key" },
    summary: "The servers now: slots, models, tokens a second, and when the next slot is free",
    description: "Names, health and loads of models are for administrators.",
    answer: { about: "The servers.", schema: "UpstreamList" },
  },
  {
    ...people,
    ...{ method: "get", path: "/fairness", access: "admin" },
    summary: "Who got how much of the slots in the last ten minutes, and who waited how long",
    answer: { about: "The users, and how true the estimates were.", schema: "Fairness" },
  },
  {
    ...people,
    ...{ method: "get", path: "/users", access: "admin" },
    summary: "All users and their keys, by hint",
    answer: { about: "The users.", schema: "People" },
  },
  {
    ...people,
    ...{ method: "post", path: "/users", access: "admin" },
    summary: "Adds a user, and shows their key once",
    body: { schema: "NewPerson", example: { user: "dora", weight: 1, expires: "2030-01-31" } },
    answer: { about: "The user, and their key.", schema: "NewPersonAnswer", status: 201 },
  },
  {
    ...people,
    ...{ method: "patch", path: "/users/{user}", access: "admin", parameters: [user] },
    summary: "Changes what a user may; null takes a field away",
    body: { schema: "PersonFields", example: { weight: 2, models: ["qwen*"], disabled: false } },
    answer: personAnswer,
  },
  {
    ...people,
    ...{ method: "delete", path: "/users/{user}", access: "admin" },
    summary: "Removes a user and all of their keys",
    parameters: [
      user,
      {
        ...{ name: "now", in: "query", about: "true: their running requests stop too." },
        schema: { type: "string", enum: ["true", "false"] },
      },
    ],
    answer: { about: "The user was removed.", schema: "PersonDeleted" },
  },
  {
    ...people,
    ...{ method: "post", path: "/users/{user}/keys", access: "admin", parameters: [user] },
    summary: "Makes one more key, with the rights of the user's first one",
    body: { schema: "KeyFields", example: { note: "laptop" } },
    answer: newKeyAnswer,
  },
  {
    ...people,
    ...{ method: "delete", path: "/users/{user}/keys/{id}", access: "admin" },
    summary: "Removes one key",
    parameters: [user, key],
    answer: { about: "The key was removed.", schema: "KeyDeleted" },
  },
  {
    ...people,
    ...{ method: "post", path: "/users/{user}/keys/{id}/rotate", access: "admin" },
    summary: "Replaces one key; the old one still works for the grace period",
    parameters: [user, key],
    body: { schema: "Rotation", example: { grace: "24h" } },
    answer: newKeyAnswer,
  },
  {
    ...people,
    ...{ method: "get", path: "/changes", access: "admin" },
    summary: "Who changed users, keys, invites, the queue and settings; the newest first",
    description: "No line holds a key. Settings are compared at each start.",
    parameters: [
      { name: "limit", in: "query", about: "So many at most: 1 to 200.", example: "50" },
      { name: "cursor", in: "query", about: "The next_cursor of the page before." },
    ],
    answer: { about: "A page of changes.", schema: "Changes" },
  },
  {
    ...people,
    ...{ method: "get", path: "/invites", access: "admin" },
    summary: "The open invites, without their secrets",
    answer: { about: "The invites.", schema: "Invites" },
  },
  {
    ...people,
    ...{ method: "post", path: "/invites", access: "admin" },
    summary: "Makes a link by which a new user gets their key",
    description:
      "It works once, and ends after expires_in (7d if left out). It is shown this once.",
    body: { schema: "NewInvite", example: { user: "erin", expires_in: "7d", base: "lan" } },
    answer: { about: "The invite, and its link.", schema: "NewInviteAnswer", status: 201 },
  },
  {
    ...people,
    ...{ method: "post", path: "/invites/redeem", access: "anyone" },
    summary: "Uses an invite up: makes its user, and shows their key once",
    description: "Wrong secrets count like wrong keys.",
    body: { schema: "Redemption", example: { secret: "the part of the link after #invite=" } },
    answer: { about: "The user and their key.", schema: "Redeemed" },
  },
  {
    ...people,
    ...{ method: "delete", path: "/invites/{id}", access: "admin" },
    summary: "Takes an invite back",
    parameters: [{ name: "id", in: "path", about: "The id that GET /invites shows." }],
    answer: { about: "The invite was taken back.", schema: "InviteDeleted" },
  },
];
