import { signal, useSignal, useSignalEffect } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { forgetQueue } from "./gateway/feed.js";
import { asCallError, useAction } from "./gateway/load.js";
import { invite, isAdmin, me, resume, signOut } from "./gateway/session.js";
import { language, languageNames, say, speak } from "./language.js";
import { Trouble } from "./pieces/pieces.js";
import { SignIn } from "./sign-in.js";

/** @import { CallError } from "./gateway/call.js" */
/** @import { FunctionComponent } from "preact" */

/** The screens, in the order of the navigation; each is loaded when it is first opened. */
const screens = /** @type {const} */ ([
  { id: "now", forAdmins: false, load: async () => (await import("./screens/now.js")).Now },
  { id: "me", forAdmins: false, load: async () => (await import("./screens/me.js")).MeScreen },
  {
    id: "connect",
    forAdmins: false,
    load: async () => (await import("./screens/connect.js")).Connect,
  },
  { id: "try", forAdmins: false, load: async () => (await import("./screens/try.js")).Try },
  { id: "people", forAdmins: true, load: async () => (await import("./screens/people.js")).People },
  { id: "live", forAdmins: true, load: async () => (await import("./screens/live.js")).Live },
  { id: "box", forAdmins: true, load: async () => (await import("./screens/box.js")).Box },
  { id: "fair", forAdmins: true, load: async () => (await import("./screens/fair.js")).Fair },
]);

/** What the address asks for. */
const place = signal(location.hash.slice(1));
addEventListener("hashchange", () => {
  place.value = location.hash.slice(1);
});

/** The screens that this person may open. */
const openScreens = () => screens.filter(({ forAdmins }) => !forAdmins || isAdmin());

/** The whole page. */
export function App() {
  const isReady = useSignal(false);
  const { error, run } = useAction();
  useSignalEffect(() => {
    document.documentElement.lang = language.value;
  });
  const comeIn = () =>
    run(async () => {
      const needsNoKey = document.documentElement.dataset.known !== undefined;
      if (invite.value === null) await resume(needsNoKey);
      isReady.value = true;
    });
  useEffect(() => void comeIn(), []);
  if (!isReady.value) {
    return html`<div class="outside"><main class="door" aria-busy=${error === null}>
      <${Trouble} error=${error} onRetry=${comeIn} /></main></div>`;
  }
  if (me.value === null || invite.value !== null) {
    return html`<div class="outside"><${SignIn} /><${Languages} /></div>`;
  }
  return html`<${House} />`;
}

/** What somebody sees who is signed in. */
function House() {
  const open = openScreens();
  const screen = open.find(({ id }) => id === place.value) ?? screens[0];
  return html`<div class="house">
    <a class="skip" href=${`#${screen.id}`} onClick=${focusMain}>${say("skip")}</a>
    <header class="top">
      <span class="brand"><i aria-hidden="true"></i><span>llm-gateway</span></span>
      <span class="who"><span class="name">${me.value?.user}</span>
        <${Languages} />
        <button class="quiet" onClick=${leave}>${say("signOut")}</button></span>
    </header>
    <${Navigation} current=${screen.id} />
    <main id="main" tabindex="-1"><${Screen} key=${screen.id} screen=${screen} /></main>
  </div>`;
}

function leave() {
  forgetQueue();
  signOut();
}

/** @param {MouseEvent} event */
function focusMain(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** @param {{ current: string }} props */
function Navigation({ current }) {
  const link = (/** @type {(typeof screens)[number]} */ { id }) => html`<li key=${id}>
    <a href=${`#${id}`} aria-current=${id === current ? "page" : undefined}>${say(`screen.${id}`)}</a>
  </li>`;
  const own = screens.filter(({ forAdmins }) => !forAdmins);
  const house = screens.filter(({ forAdmins }) => forAdmins);
  return html`<nav aria-label=${say("screens")}>
    <ul>${own.map(link)}</ul>
    ${isAdmin() && html`<ul class="admins" aria-label=${say("house")}>${house.map(link)}</ul>`}
  </nav>`;
}

/** A screen, loaded when it is opened. @param {{ screen: (typeof screens)[number] }} props */
function Screen({ screen }) {
  const loaded = useSignal(/** @type {{ view: FunctionComponent } | null} */ (null));
  const error = useSignal(/** @type {CallError | null} */ (null));
  const wasOpen = useRef(false);
  useEffect(() => {
    document.title = `${say(`screen.${screen.id}`)} – llm-gateway`;
    screen.load().then(
      (view) => {
        loaded.value = { view };
      },
      (cause) => {
        error.value = asCallError(cause);
      },
    );
  }, []);
  useEffect(() => {
    // A reader of screens is told where they are; not at the first screen, which they did not choose.
    if (loaded.value === null || wasOpen.current) return;
    wasOpen.current = true;
    if (document.activeElement?.closest("nav") !== null) document.getElementById("main")?.focus();
  }, [loaded.value]);
  if (error.value !== null) {
    return html`<${Trouble} error=${error.value} onRetry=${() => location.reload()} />`;
  }
  return loaded.value === null ? null : html`<${loaded.value.view} />`;
}

/** The switch of the language. */
function Languages() {
  return html`<label class="languages"><span class="unseen">${say("chooseLanguage")}</span>
    <select value=${language.value} onChange=${(/** @type {Event} */ { target }) => {
      const chosen = languageNames.find(
        ({ id }) => target instanceof HTMLSelectElement && id === target.value,
      );
      if (chosen !== undefined) speak(chosen.id);
    }}>${languageNames.map(({ id, name }) => html`<option value=${id}>${name}</option>`)}</select>
  </label>`;
}
