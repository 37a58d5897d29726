import { signal } from "@preact/signals";
import { CallError, call, key, onRefused } from "./call.js";

/** @import { Me } from "./answers.ts" */

/** Who is signed in; null before and after. @type {import("@preact/signals").Signal<Me | null>} */
export const me = signal(null);

/** Why somebody is signed out who was signed in. */
export const wasRefused = signal(false);

/**
 * The secret of an invite in the address, taken out of it before anything else: an address is kept
 * in histories and shown on screens.
 */
export const invite = signal(takeInvite());
addEventListener("hashchange", () => {
  invite.value = takeInvite() ?? invite.value;
});

function takeInvite() {
  const found = /^#invite=(.+)$/.exec(location.hash);
  if (found === null) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return decodeURIComponent(found[1] ?? "");
}

onRefused.run = () => {
  if (me.value === null) return;
  signOut();
  wasRefused.value = true;
};

/**
 * Signs in with a key, or with none where requests from here need none. Rejects with a CallError.
 * @param {string | null} newKey
 */
export async function signIn(newKey) {
  key.value = newKey;
  try {
    me.value = await call("GET", "me");
  } catch (error) {
    key.value = null;
    throw error;
  }
  if (newKey !== null) sessionStorage.setItem("key", newKey);
  wasRefused.value = false;
}

/**
 * Signs in again with the key of this tab, or with none where none is needed. A key that is refused
 * is forgotten, and `wasRefused` says so. Rejects with a CallError if the gateway does not answer.
 * @param {boolean} needsNoKey
 */
export async function resume(needsNoKey) {
  const kept = sessionStorage.getItem("key");
  if (kept === null && !needsNoKey) return;
  try {
    await signIn(kept);
  } catch (error) {
    if (!(error instanceof CallError && error.status === 401)) throw error;
    sessionStorage.removeItem("key");
    wasRefused.value = kept !== null;
  }
}

/** Forgets the key. */
export function signOut() {
  sessionStorage.removeItem("key");
  key.value = null;
  me.value = null;
}

/** Whether this person sees the screens of administrators: never from outside. */
export const isAdmin = () => me.value?.is_admin === true && !me.value.is_public;
