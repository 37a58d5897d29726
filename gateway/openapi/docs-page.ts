import { clientExamples } from "./client-examples.ts";
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

const isError = (status: string): boolean => /^[45]/.test(status) || status === "default";

/** The address in the examples of programs, which docsPage replaces. */
const placeOfAddress = "http://GATEWAY";

function programs(path: string): string {
  const examples = clientExamples(path, placeOfAddress);
  if (examples === null) return "";
  const { python, javascript } = examples;
  return `<h4>Python</h4><pre>${text(python)}</pre><h4>JavaScript</h4><pre>${text(javascript)}</pre>`;
}

/** Each status once, with what it means: every call may answer with it. */
function errors({ paths, components }: OpenApi): string {
  const rows = new Map<string, string>();
  for (const one of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    for (const [status, response] of Object.entries(one.responses)) {
      const found = isError(status) ? resolved(response, components.responses) : null;
      if (found === null || rows.has(status)) continue;
      rows.set(status, `<tr><th>${text(status)}</th><td>${text(found.description)}</td></tr>`);
    }
  }
  const sorted = [...rows].sort(([one], [other]) => one.localeCompare(other)).map(([, row]) => row);
  const intro =
    "Errors have the form of the API that the client speaks. The status says what to do:";
  return `<section id="Errors"><h2>Errors</h2><p>${intro}</p>${table("Every call", sorted)}</section>`;
}

/** What a client sees while it waits. */
const waiting = `<section id="Waiting"><h2>Your place in the queue</h2>
<p>The gateway runs a few requests at a time; the others wait. The queue is fair between people: a person
with fifty requests does not delay a person with one. <code>X-Queue-Position</code> has your place at the
start; it is 0 if you do not wait. A streaming chat also gets an event whenever its place changes:</p>
<pre>: queue-position=3
data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":null}],
       "queue":{"position":3,"of":5,"eta_seconds":12,"message":"Your query is #3 in the queue"}}</pre>
<p>1 is next. <code>eta_seconds</code> is an estimate, and null until there is data. Place 0 means that the answer begins.
<code>X-Queue-Events: comment</code> sends only the comment, <code>off</code> nothing. <code>GET /queue</code> shows your requests, and
<code>DELETE /queue/{id}</code> takes one out. If you close the connection, your place is free again.</p></section>`;

function section(path: string, method: string, one: OperationObject, document: OpenApi): string {
  const { components } = document;
  const parameters = (one.parameters ?? []).flatMap((parameter) => {
    const found = resolved(parameter, components.parameters);
    return found === null ? [] : [parameterRow(found)];
  });
  const responses = Object.entries(one.responses).flatMap(([status, response]) => {
    const found = resolved(response, components.responses);
    // The errors are the same for every call of a dialect: they stand once, below the calls.
    return found === null || isError(status) ? [] : [responseRow(status, found)];
  });
  const hasErrors = Object.keys(one.responses).some(isError);
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
    method === "delete" ? "" : programs(path),
    table("Answers", responses),
    hasErrors ? `<p>Errors: the same for every call, <a href="#Errors">listed once</a>.</p>` : "",
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
  const names = ["Waiting", ...tags.map(({ name }) => name), "Errors", "Shapes"];
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
<p>As a document for programs: <a href="openapi.json">openapi.json</a>. Back to <a href="./">the page</a>.</p>
<nav>${links.join("\n")}</nav>
</header>
<main>
${waiting}
${tags.map(({ name }) => group(name, document)).join("\n")}
${errors(document)}
${shapes(document)}
</main>
</body>
</html>
`;
  return (address) =>
    before + text(address) + after.replaceAll(text(placeOfAddress), () => text(address));
}
