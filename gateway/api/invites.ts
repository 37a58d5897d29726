import type { IncomingMessage, ServerResponse } from "node:http";
import { GatewayError } from "../errors.ts";
import { jsonText } from "../json-object.ts";
import { duration } from "../kinds/duration.ts";
import { readText } from "../kinds/kind.ts";
import { notifyAddress, shownAddress } from "../kinds/notify-address.ts";
import { createInvites, type Invite } from "../users/invites.ts";
import { hintOf } from "../users/key.ts";
import { personFields } from "../users/people.ts";
import { answerJson } from "./answer-json.ts";
import { type BaseUrlParts, baseUrlsOf } from "./base-urls.ts";
import {
  type ChangeUsersParts,
  patiently,
  refuseOthers,
  refuseWrongLimits,
  usersFileOf,
} from "./change-users.ts";
import type { Stranger, Viewer } from "./gateway-call.ts";
import { type ReadFieldsParts, readFields, textField } from "./read-fields.ts";

export type InvitesParts = ChangeUsersParts & ReadFieldsParts & BaseUrlParts;

const dayMs = 86_400_000;
const lifeKind = duration(60_000, 90 * dayMs);
const what = "see and make invites";

/** `GET /invites`: the open ones, without their secrets. */
export async function listInvites(
  parts: InvitesParts,
  viewer: Viewer,
  response: ServerResponse,
): Promise<void> {
  refuseOthers(viewer, what);
  const open = await patiently(async () => createInvites(usersFileOf(parts)).list(Date.now()));
  answerJson(response, viewer.exchange, { object: "list", data: open.map(shown) });
}

/** `POST /invites`: a link by which a new user gets their key; it is shown this once. */
export async function makeInvite(
  parts: InvitesParts,
  viewer: Viewer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  refuseOthers(viewer, what);
  const known = ["user", "expires_in", "base", "note", ...personFields];
  const { isPublic } = viewer.exchange;
  const given = await readFields(parts, viewer, request, response, known);
  textField(given, "user");
  refuseWrongLimits(given.limits);
  const { expires_in: life = "7d", base = isPublic ? "tunnel" : "lan", ...fields } = given;
  const url = baseFrom(base, baseUrlsOf(parts, request, isPublic));
  const now = Date.now();
  const expires = now + lifeFrom(life);
  const { invite, secret } = await patiently(() =>
    createInvites(usersFileOf(parts)).make(fields, expires, now),
  );
  noteInvite(parts, viewer.identity.user, "invite.make", null, invite);
  // In the fragment: a browser sends it to no server, so it is in no log.
  const link = `${url}/#invite=${secret}`;
  answerJson(response, viewer.exchange, { ...shown(invite), url: link }, 201);
}

/** `DELETE /invites/{id}` */
export async function withdrawInvite(
  parts: InvitesParts,
  viewer: Viewer,
  id: string,
  response: ServerResponse,
): Promise<void> {
  refuseOthers(viewer, what);
  const invites = createInvites(usersFileOf(parts));
  const invite = invites.list(Date.now()).find((one) => one.id === id) ?? null;
  const isGone = await patiently(() => invites.withdraw(id, Date.now()));
  if (!isGone) throw new GatewayError("not_found", "There is no open invite with this id.");
  noteInvite(parts, viewer.identity.user, "invite.withdraw", invite, null);
  answerJson(response, viewer.exchange, { object: "invite.deleted", id, deleted: true });
}

/**
 * `POST /invites/redeem`: makes the user of an invite, and shows their key once. It needs no key;
 * wrong secrets count like wrong keys.
 */
export async function redeemInvite(
  parts: InvitesParts,
  stranger: Stranger,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { exchange } = stranger;
  const given = await readFields(parts, stranger, request, response, ["secret"]);
  const secret = textField(given, "secret");
  try {
    const redeemed = await patiently(() =>
      createInvites(usersFileOf(parts)).redeem(secret, Date.now()),
    );
    const { user } = redeemed;
    const redeeming = { who: "(invite)", action: "invite.redeem", subject: user };
    parts.changes.note({ ...redeeming, before: null, after: { user } });
    answerJson(response, exchange, { ...redeemed, hint: hintOf(redeemed.key) });
  } catch (error) {
    const isGuess = error instanceof GatewayError && error.code === "invalid_invite";
    throw (isGuess ? stranger.guessed(secret) : null) ?? error;
  }
}

function noteInvite(
  { changes }: InvitesParts,
  who: string,
  action: string,
  before: Invite | null,
  after: Invite | null,
): void {
  const subject = (after ?? before)?.user ?? "";
  const told = (invite: Invite | null) => (invite === null ? null : shown(invite));
  changes.note({ who, action, subject, before: told(before), after: told(after) });
}

function shown({ id, user, expires, fields }: Invite): object {
  const { user: _, notify, ...rights } = fields;
  // The address of a webhook is a secret.
  const told = notify === undefined ? {} : { notify: shownNotify(notify) };
  const ends = new Date(expires).toISOString();
  return { object: "invite", id, ...rights, ...told, user, expires: ends };
}

function shownNotify(written: unknown): string | null {
  if (written === null) return null;
  const read = readText(notifyAddress, jsonText(written));
  return read.fault === null ? shownAddress(read.value) : "***";
}

function baseFrom(base: unknown, urls: { lan: string; tunnel: string | null }): string {
  if (base === "lan") return urls.lan;
  if (base === "tunnel" && urls.tunnel !== null) return urls.tunnel;
  const text =
    base === "tunnel"
      ? "The address of the tunnel is not known: set PUBLIC_URL."
      : "base takes lan or tunnel.";
  throw new GatewayError("invalid_request", text, { param: "base" });
}

function lifeFrom(text: unknown): number {
  const read = readText(lifeKind, jsonText(text));
  if (read.fault === null) return read.value;
  throw new GatewayError("invalid_request", `expires_in ${read.fault}.`, { param: "expires_in" });
}
