import { signal } from "@preact/signals";
import { call, key, onRefused } from "./call.js";

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

/** Forgets the key. */
export function signOut() {
  sessionStorage.removeItem("key");
  key.value = null;
  me.value = null;
}

/** Whether this person sees the screens of administrators: never from outside. */
export const isAdmin = () => me.value?.is_admin === true && !me.value.is_public;
