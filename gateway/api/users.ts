import type { IncomingMessage, ServerResponse } from "node:http";
import { GatewayError } from "../errors.ts";
import { type JsonObject, jsonText } from "../json-object.ts";
import { duration } from "../kinds/duration.ts";
import { readText } from "../kinds/kind.ts";
import { readUsersFile } from "../users/edit-users-file.ts";
import { hintOf, newKey } from "../users/key.ts";
import {
  addKeyOf,
  addPerson,
  changePerson,
  idOfKey,
  keyFields,
  peopleIn,
  personFields,
  personIn,
  removeKeyOf,
  removePerson,
  rotateKeyOf,
} from "../users/people.ts";
import { noteStop } from "../users/stop-notes.ts";
import { answerJson } from "./answer-json.ts";
import {
  type ChangeUsersParts,
  changeUsers,
  patiently,
  refuseOthers,
  refuseWrongLimits,
  usersFileOf,
} from "./change-users.ts";
import type { Viewer } from "./gateway-call.ts";
import { type ReadFieldsParts, readFields, textField } from "./read-fields.ts";

export type UsersParts = ChangeUsersParts & ReadFieldsParts;

/** A call of an administrator about the users. `user` and `id` come from the path. */
type UsersCall = (
  parts: UsersParts,
  viewer: Viewer,
  request: IncomingMessage,
  response: ServerResponse,
  path: { user: string; id: string },
) => Promise<void>;

const what = "see and change the users";

/** `GET /users` */
export const listUsers: UsersCall = async (parts, viewer, _request, response) => {
  refuseOthers(viewer, what);
  const data = await patiently(async () => peopleIn(readUsersFile(usersFileOf(parts))));
  answerJson(response, viewer.exchange, { object: "list", data });
};

/** `POST /users`: a new user, and their key, which is shown this once. */
export const addUser: UsersCall = async (parts, viewer, request, response) => {
  refuseOthers(viewer, what);
  const fields = await fieldsOf(parts, viewer, request, response, [
    ...["user", ...personFields, ...keyFields],
  ]);
  const user = textField(fields, "user");
  const key = newKey();
  const person = await changeUsers(parts, viewer, "user.add", (rows) => {
    const { rows: edited } = addPerson(rows, key, fields);
    return { rows: edited, result: personIn(edited, user) };
  });
  answerJson(response, viewer.exchange, { ...person, key }, 201);
};

/** `PATCH /users/{user}`: changes what they may; null takes a field away. */
export const changeUser: UsersCall = async (parts, viewer, request, response, { user }) => {
  refuseOthers(viewer, what);
  const fields = await fieldsOf(parts, viewer, request, response, personFields);
  const person = await changeUsers(parts, viewer, "user.change", (rows) => {
    const { rows: edited } = changePerson(rows, user, fields);
    return { rows: edited, result: personIn(edited, user) };
  });
  answerJson(response, viewer.exchange, person);
};

/** `DELETE /users/{user}`: all their keys end; with `now=true` their requests stop too. */
export const removeUser: UsersCall = async (parts, viewer, request, response, { user }) => {
  refuseOthers(viewer, what);
  request.resume();
  const isNow = new URLSearchParams(viewer.exchange.query).get("now") === "true";
  await changeUsers(parts, viewer, "user.remove", (rows) => removePerson(rows, user));
  if (isNow) await noteStop(usersFileOf(parts), user, Date.now());
  answerJson(response, viewer.exchange, { object: "user.deleted", user, deleted: true });
};

/** `POST /users/{user}/keys`: one more key, with the rights of their first one. */
export const addUserKey: UsersCall = async (parts, viewer, request, response, { user }) => {
  refuseOthers(viewer, what);
  const fields = await fieldsOf(parts, viewer, request, response, keyFields);
  const key = newKey();
  await changeUsers(parts, viewer, "key.add", (rows) => addKeyOf(rows, user, key, fields));
  answerJson(response, viewer.exchange, keyAnswer(user, key), 201);
};

/** `DELETE /users/{user}/keys/{id}` */
export const removeUserKey: UsersCall = async (parts, viewer, request, response, { user, id }) => {
  refuseOthers(viewer, what);
  request.resume();
  await changeUsers(parts, viewer, "key.remove", (rows) => removeKeyOf(rows, user, id));
  answerJson(response, viewer.exchange, { object: "key.deleted", user, id, deleted: true });
};

const mostGraceMs = 366 * 86_400_000;
const graceKind = duration(0, mostGraceMs);

/** `POST /users/{user}/keys/{id}/rotate`: a new key; the old one still works for `grace`. */
export const rotateUserKey: UsersCall = async (parts, viewer, request, response, { user, id }) => {
  refuseOthers(viewer, what);
  const { grace = "24h" } = await fieldsOf(parts, viewer, request, response, ["grace"]);
  const read = readText(graceKind, jsonText(grace));
  if (read.fault !== null) {
    throw new GatewayError("invalid_request", `grace ${read.fault}.`, { param: "grace" });
  }
  const [key, now, graceMs] = [newKey(), Date.now(), read.value];
  await changeUsers(parts, viewer, "key.rotate", (rows) =>
    rotateKeyOf(rows, { user, id, key, graceMs, now }),
  );
  answerJson(response, viewer.exchange, keyAnswer(user, key), 201);
};

const keyAnswer = (user: string, key: string) => ({
  ...{ object: "key", user, id: idOfKey(key), hint: hintOf(key), key },
});

async function fieldsOf(
  parts: UsersParts,
  viewer: Viewer,
  request: IncomingMessage,
  response: ServerResponse,
  known: readonly string[],
): Promise<JsonObject> {
  const fields = await readFields(parts, viewer, request, response, known);
  refuseWrongLimits(fields.limits);
  return fields;
}
