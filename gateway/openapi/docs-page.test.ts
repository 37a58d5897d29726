import { expect, test } from "vitest";
import { docsPage } from "./docs-page.ts";
import { openApiDocument } from "./document.ts";

const pageAt = docsPage(openApiDocument("1.2.3"));

test("the page has examples in Python and JavaScript at the reader's own address", () => {
  const page = pageAt("http://box.lan:8000");
  expect(page).toContain("from openai import OpenAI");
  expect(page).toContain("import Anthropic from &quot;@anthropic-ai/sdk&quot;");
  expect(page).toContain("base_url=&quot;http://box.lan:8000/v1&quot;");
  expect(page).not.toContain("http://GATEWAY");
});

test("the place in the queue is explained, and each error stands once", () => {
  const page = pageAt("http://box.lan:8000");
  expect(page).toContain('id="Waiting"');
  expect(page).toContain("X-Queue-Position");
  expect(page.match(/<th>429<\/th>/g)).toHaveLength(1);
  expect(page.match(/id="Errors"/g)).toHaveLength(1);
});
