import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const page = join(import.meta.dirname, "../../../docs/clients.md");

/** What is tried with each client; the columns of the page. */
export const cases = [
  "waits, then answers",
  "shows its place",
  "error before",
  "error in the wait",
  "error in mid-stream",
  "gives up waiting",
  "gives up in mid-stream",
  "lists models",
] as const;

/** What happened in each case. */
export type Results = Partial<Record<(typeof cases)[number], string>>;

/** The part of the page about the clients of one language. */
export type ClientsSection = {
  readonly title: string;
  /** Each as `openai 7.57.0`. */
  readonly versions: readonly string[];
  readonly clients: readonly (readonly [name: string, results: Results])[];
};

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function textOf({ versions, clients }: ClientsSection): string {
  const head = ["Client", ...cases];
  const rows = clients.map(([name, results]) =>
    row([name, ...cases.map((one) => results[one] ?? "fails")]),
  );
  const table = [row(head), row(head.map(() => "---")), ...rows].join("\n");
  return `\n${versions.join(", ")}.\n\n${table}\n\n`;
}

/**
 * The page as it is, and as it is with this section. `UPDATE_CLIENTS=1` writes it.
 */
export function pageWith(section: ClientsSection): { is: string; becomes: string } {
  const mark = `<!-- made by gateway/test/clients: ${section.title} -->\n`;
  const before = readFileSync(page, "utf8");
  const parts = before.split(mark);
  if (parts.length !== 3) throw new Error(`docs/clients.md has no two lines ${mark}`);
  const becomes = [parts[0], textOf(section), parts[2]].join(mark);
  if (process.env.UPDATE_CLIENTS !== "1") return { is: before, becomes };
  writeFileSync(page, becomes);
  return { is: becomes, becomes };
}
