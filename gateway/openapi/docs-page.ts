import { curlOf } from "./curl-of.ts";
import type { OpenApi, OperationObject, ParameterObject, ResponseObject } from "./open-api.ts";

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const text = (value: string): string => value.replaceAll(/[&<>"']/g, (one) => escapes[one] ?? one);
const code = (value: string): string => `<code>${text(value)}</code>`;

/** What a reference stands for, with its own description where it has one. */
function resolved<T extends object>(
  one: T | Readonly<{ $ref: string; description?: string }>,
  all: Readonly<Record<string, T>>,
): T | null {
  if (!("$ref" in one)) return one;
  const found = all[one.$ref.slice(one.$ref.lastIndexOf("/") + 1)];
  if (found === undefined) return null;
  return one.description === undefined ? found : { ...found, description: one.description };
}

function table(title: string, rows: readonly string[]): string {
  if (rows.length === 0) return "";
  return `<h4>${title}</h4><div class="wide"><table>${rows.join("")}</table></div>`;
}

function parameterRow({ name, in: where, description, required }: ParameterObject): string {
  const place = required ? `${where}, required` : where;
  return `<tr><th>${code(name)}</th><td>${text(place)}</td><td>${text(description)}</td></tr>`;
}

/** `#/components/schemas/ChatAnswer` → a link to where it stands on the page. */
function schemaLink(schema: object | undefined): string {
  const path = schema !== undefined && "$ref" in schema ? String(schema.$ref) : "";
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name === "" ? "" : `<a href="#${text(name)}">${text(name)}</a>`;
}

function responseRow(status: string, { description, content }: ResponseObject): string {
  const types = Object.entries(content).map(([type, { schema }]) => {
    return schemaLink(schema) || code(type);
  });
  const shown = `<td>${text(description)}</td><td>${types.join("<br>")}</td>`;
  return `<tr><th>${text(status)}</th>${shown}</tr>`;
}

function section(path: string, method: string, one: OperationObject, document: OpenApi): string {
  const { components } = document;
  const parameters = (one.parameters ?? []).flatMap((parameter) => {
    const found = resolved(parameter, components.parameters);
    return found === null ? [] : [parameterRow(found)];
  });
  const responses = Object.entries(one.responses).flatMap(([status, response]) => {
    const found = resolved(response, components.responses);
    return found === null ? [] : [responseRow(status, found)];
  });
  const body = schemaLink(one.requestBody?.content["application/json"]?.schema);
  const where = one["x-lan-only"] === true ? ", LAN only" : "";
  const access = one.security === undefined ? "" : `<span class="free">no key${where}</span>`;
  return [
    `<details id="${text(one.operationId)}"><summary>`,
    `<b class="${text(method)}">${method.toUpperCase()}</b> ${code(path)}`,
    `<span class="what">${text(one.summary)}</span>${access}</summary>`,
    one.description === undefined ? "" : `<p>${text(one.description)}</p>`,
    body === "" ? "" : `<p>Body: ${body}</p>`,
    table("Parameters", parameters),
    `<h4>Example</h4><pre>${text(curlOf(method, path, one))}</pre>`,
    table("Answers", responses),
    "</details>",
  ].join("\n");
}

function group(tag: string, document: OpenApi): string {
  const sections = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, one]) => one.tags.includes(tag))
      .map(([method, one]) => section(path, method, one, document)),
  );
  const id = tag.replaceAll(" ", "-");
  return `<section id="${text(id)}"><h2>${text(tag)}</h2>\n${sections.join("\n")}\n</section>`;
}

function shapes({ components }: OpenApi): string {
  const all = Object.entries(components.schemas).map(([name, schema]) => {
    const shown = text(JSON.stringify(schema, null, 2));
    return `<details id="${text(name)}"><summary>${code(name)}</summary><pre>${shown}</pre></details>`;
  });
  return `<section id="Shapes"><h2>Shapes</h2>\n${all.join("\n")}\n</section>`;
}

/**
 * The document as a page: no script, one style sheet, links within the page. The returned function
 * writes it for a reader at this address (`http://192.168.1.10:8000`).
 */
export function docsPage(document: OpenApi): (address: string) => string {
  const { info, tags } = document;
  const names = [...tags.map(({ name }) => name), "Shapes"];
  const links = names.map(
    (name) => `<a href="#${text(name.replaceAll(" ", "-"))}">${text(name)}</a>`,
  );
  const title = `${text(info.title)} ${text(info.version)}`;
  const before = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="stylesheet" href="docs/style.css">
</head>
<body>
<header>
<h1>${text(info.title)} <small>${text(info.version)}</small></h1>
<p>${text(info.description)}</p>
<p>The examples take the gateway's address and your key from the shell:</p>
<pre>export GATEWAY=`;
  const after = `
export API_KEY=sk-...</pre>
<p>As a document for programs: <a href="openapi.json">openapi.json</a></p>
<nav>${links.join("\n")}</nav>
</header>
<main>
${tags.map(({ name }) => group(name, document)).join("\n")}
${shapes(document)}
</main>
</body>
</html>
`;
  return (address) => before + text(address) + after;
}
