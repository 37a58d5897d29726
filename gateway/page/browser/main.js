import { html, render } from "htm/preact";
import { App } from "./app.js";

const root = document.getElementById("root");
if (root !== null) {
  root.replaceChildren();
  render(html`<${App} />`, root);
}
