import { createHash } from "node:crypto";
import type { Assets } from "./assets.ts";

/** A document, and what its content security policy must allow by hash. */
export type Document = { html: Buffer; scriptHash: string };

/** What a browser loads before anything is on the screen; told ahead, it loads them at once. */
const firstModules = [
  "app.js",
  "dictionary.js",
  "language.js",
  "sign-in.js",
  "gateway/call.js",
  "gateway/feed.js",
  "gateway/load.js",
  "gateway/session.js",
  "pieces/copy.js",
  "pieces/pieces.js",
  "npm/preact.js",
  "npm/preact-hooks.js",
  "npm/preact-signals-core.js",
  "npm/preact-signals.js",
  "npm/htm.js",
  "npm/htm-preact.js",
];

/**
 * The page without its contents: `main` draws those. `isKnown` tells it that requests from here need
 * no key. All addresses are relative, so that a proxy may put the page below a path.
 */
export function pageDocument(assets: Assets, main: string, isKnown: boolean): Document {
  const at = (name: string): string => `./page/${assets.hash}/${name}`;
  const imports = Object.fromEntries([...assets.packages].map(([name, file]) => [name, at(file)]));
  const map = JSON.stringify({ imports });
  const preloads = firstModules.map((name) => `<link rel="modulepreload" href="${at(name)}">`);
  const html = `<!doctype html>
<html lang="en"${isKnown ? " data-known" : ""}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>llm-gateway</title>
<link rel="icon" href="${at("icon.svg")}" type="image/svg+xml">
<link rel="stylesheet" href="${at("styles.css")}">
<script type="importmap">${map}</script>
${preloads.join("\n")}
<script type="module" src="${at(main)}"></script>
</head>
<body>
<div id="root">
<main class="unloaded">
<noscript><p>This page needs JavaScript. The API works without it.</p></noscript>
<p class="late">The page did not load. Reload it; if that does not help, the gateway may have been
updated or may be down. The API works without this page.</p>
<p class="late" lang="de">Die Seite wurde nicht geladen. Laden Sie sie neu.</p>
</main>
</div>
</body>
</html>
`;
  const scriptHash = createHash("sha256").update(map).digest("base64");
  return { html: Buffer.from(html), scriptHash: `'sha256-${scriptHash}'` };
}
