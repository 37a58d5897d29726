import type { OperationObject } from "./open-api.ts";

/** How each family of clients shows its key. */
const keyHeaders: Readonly<Record<string, string>> = {
  Anthropic: "x-api-key: $API_KEY",
  Gemini: "x-goog-api-key: $API_KEY",
};

/** A command for a shell in which GATEWAY and API_KEY are set. */
export function curlOf(method: string, path: string, operation: OperationObject): string {
  const [tag = ""] = operation.tags;
  const query = (operation.parameters ?? []).flatMap((one) =>
    "in" in one && one.in === "query" && one.example ? [`${one.name}=${one.example}`] : [],
  );
  const target = path + (query.length === 0 ? "" : `?${query.join("&")}`);
  const streams = operation.responses[200];
  const onlyStreams =
    streams !== undefined && "content" in streams && !("application/json" in streams.content);
  const example = operation.requestBody?.content["application/json"]?.example;
  // A body makes it a POST.
  const usual = example === undefined ? "get" : "post";
  const flag = method === usual ? "" : ` -X ${method.toUpperCase()}`;
  const parts = [`curl${onlyStreams ? " -N" : ""}${flag} "$GATEWAY${target}"`];
  if (operation.security === undefined) {
    parts.push(`-H "${keyHeaders[tag] ?? "Authorization: Bearer $API_KEY"}"`);
  }
  if (example !== undefined) {
    const body = JSON.stringify(example).replaceAll("'", "'\\''");
    parts.push(`-H "Content-Type: application/json"`, `-d '${body}'`);
  }
  return parts.join(" \\\n  ");
}
