import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Every Markdown page of the repository. */
const pages: readonly string[] = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
  { cwd: root, encoding: "utf8" },
)
  .trim()
  .split("\n")
  .filter((page) => existsSync(join(root, page)));

const textOf = (page: string): string => readFileSync(join(root, page), "utf8");

/** The anchor that GitHub makes of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/`|\*/g, "")
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .trim()
    .replaceAll(" ", "-");

const anchorsIn = (page: string): Set<string> =>
  new Set([...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading)));

type Link = { page: string; target: string; anchor: string };

/** The links of a page that stay in the repository; `<img>` counts. Code is none. */
function linksOf(page: string): Link[] {
  const prose = textOf(page).replace(/^```[\s\S]*?^```/gm, "");
  const found = [...prose.matchAll(/\]\(([^)\s]+)\)|<img src="([^"]+)"/g)];
  return found
    .map(([, link = "", image = ""]) => link || image)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [path = "", anchor = ""] = link.split("#", 2);
      const target = path === "" ? page : relative(root, join(root, dirname(page), path));
      return { page, target, anchor };
    });
}

/** Lines of code blocks, indented or fenced. */
const codeLines = (page: string): string[] =>
  textOf(page)
    .split("\n")
    .filter((line) => /^(?: {4}|\t|\$ |\.\/|npm )/.test(line))
    .map((line) => line.trim().replace(/^\$ /, ""));

describe("the pages of the documentation", () => {
  it("link to files and headings that exist", () => {
    const links = pages.flatMap(linksOf);
    expect(links.length).toBeGreaterThan(50);
    const broken = links.filter(({ target, anchor }) => {
      if (!existsSync(join(root, target))) return true;
      return anchor !== "" && target.endsWith(".md") && !anchorsIn(target).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  it("have one way to set up an agent: README's blocks are those of docs/agents.md", () => {
    const folded = [...textOf("README.md").matchAll(/<\/summary>\n\n([\s\S]*?)\n\n<\/details>/g)];
    const agents = textOf("docs/agents.md");
    expect(folded.length).toBeGreaterThan(4);
    expect(
      folded.map(([, block = ""]) => block).filter((block) => !agents.includes(block)),
    ).toEqual([]);
  });

  it("are all in the index of docs/", () => {
    const index = textOf("docs/README.md");
    const own = pages.filter((page) => /^docs\/[^/]+\.md$/.test(page) && page !== "docs/README.md");
    expect(own.filter((page) => !index.includes(`(${page.slice("docs/".length)})`))).toEqual([]);
  });

  it("name npm scripts that exist", () => {
    const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
    const named = pages.flatMap((page) => {
      const found = textOf(page).matchAll(/\bnpm run (?:-s )?([a-z][\w:-]*)/g);
      return [...found].map(([, script = ""]) => ({ page, script }));
    });
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(({ script }) => scripts[script] === undefined)).toEqual([]);
  });

  it("name commands of gateway.sh that have a help", () => {
    const commands = pages.flatMap((page) =>
      codeLines(page).flatMap((line) => /^\.\/gateway\.sh ([a-z]+)/.exec(line)?.[1] ?? []),
    );
    const shell = textOf("gateway.sh");
    const program = join(root, "gateway/main.ts");
    const help = execFileSync(process.execPath, [program, "--help"], { encoding: "utf8" });
    const unknown = [...new Set(commands)].filter(
      (command) => !new RegExp(`\\b${command}\\b`).test(shell) && !help.includes(command),
    );
    expect(commands.length).toBeGreaterThan(10);
    expect(unknown).toEqual([]);
  });
});
