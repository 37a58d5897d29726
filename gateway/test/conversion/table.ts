import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Pair } from "./pairs.ts";

/** By pair and column, how much was tried and how much of it held. */
export type Proven = Map<string, Map<string, { tried: number; held: number }>>;

const begin = "<!-- made by gateway/test/conversion -->";
const end = "<!-- end -->";

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map(row).join("\n");
}

/** What one side has no word for, and the other cannot have. */
function lost({ client, provider }: Pair): string {
  const { sees } = client;
  const { tells } = provider;
  const all = [
    ...(tells.signature && !sees.signature ? ["proofs of thoughts"] : []),
    ...(tells.reasoning && !sees.reasoningTokens
      ? ["tokens of thoughts, within the output's"]
      : []),
  ];
  return all.length === 0 ? "–" : all.join("; ");
}

function versionOf(name: string): string {
  const file = join(import.meta.dirname, "../../../node_modules", name, "package.json");
  return `${name} ${(JSON.parse(readFileSync(file, "utf8")) as { version: string }).version}`;
}

const hub = ["@ai-sdk/openai-compatible", "@ai-sdk/anthropic", "@ai-sdk/google"];

/** The page with its tables as proven just now. */
export function pageWith(page: string, proven: Proven, pairs: readonly Pair[]): string {
  const columns = [...(proven.get(pairs[0]?.name ?? "")?.keys() ?? [])];
  const rows = pairs.map((pair) => {
    const cells = columns.map((column) => {
      const cell = proven.get(pair.name)?.get(column);
      return cell !== undefined && cell.tried === cell.held ? "yes" : "fails";
    });
    return [pair.name, ...cells, lost(pair)];
  });
  const clients = [...new Set(pairs.map(({ client }) => client.package))];
  const made = `Clients: ${clients.map(versionOf).join(", ")}. Hub: ${hub.map(versionOf).join(", ")}.

${table(["Client → upstream", ...columns, "has no word for"], rows)}`;
  const [before = "", rest = ""] = page.split(begin);
  const after = rest.slice(rest.indexOf(end) + end.length);
  return `${before}${begin}\n\n${made}\n\n${end}${after}`;
}
