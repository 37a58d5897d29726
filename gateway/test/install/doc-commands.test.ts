import { execFileSync, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { freePort } from "../../cluster/free-port.ts";
import { until } from "../support/harness.ts";

const root = join(import.meta.dirname, "../../..");

/** Pages with blocks for people who run a gateway. */
const pages = [
  "README.md",
  ...execFileSync("git", ["ls-files", "docs/*.md", "cloudflared/*.md"], { cwd: root })
    .toString()
    .trim()
    .split("\n"),
].filter((page) => !page.startsWith("docs/decisions/"));

/** Command lines that this test does not run, and why. Each is found in a page. */
const notRun: readonly (readonly [RegExp, string])[] = [
  [/install\.sh/, "install.bats and the journeys run the installer"],
  [/docker |docker$/, "the Docker journey runs compose"],
  [/^npm ci/, "the service journey and CI run it"],
  [/npm start/, "this test starts the gateway so, on a port of its own"],
  [/^\.\/gateway\.sh (logs|upgrade|stop|start)/, "needs containers or a service: the journeys"],
  [/^\.\/gateway\.sh restore/, "refused while the gateway runs: the journeys restore"],
  [/^\.\/gateway\.sh status \|/, "a list of the commands, not a command"],
  [/\/mnt\//, "a disk of your own"],
  [/LITELLM/, "asks a LiteLLM that runs"],
  [/^cloudflared /, "needs an account of Cloudflare"],
  [/^npm sbom|^git /, "needs the registry or a history"],
];

type Block = { language: string; lines: string[] };

/** The code blocks of a page in their order, fenced and indented, without output below `$ `. */
function blocksOf(page: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | null = null;
  let isFenced = false;
  for (const line of readFileSync(join(root, page), "utf8").split("\n")) {
    const fence = /^```(\w*)/.exec(line);
    if (fence !== null) {
      isFenced = !isFenced;
      open = isFenced ? { language: fence[1] ?? "", lines: [] } : null;
      if (open !== null) blocks.push(open);
    } else if (isFenced) {
      open?.lines.push(line);
    } else if (/^ {4}\S/.test(line)) {
      if (open === null) {
        open = { language: "", lines: [] };
        blocks.push(open);
      }
      open.lines.push(line.slice(4));
    } else open = null;
  }
  return blocks;
}

const isCommand = /^(\.\/|npm |docker |curl |git |node |cloudflared |[A-Z_]+=\S+ +npm )/;

/** The commands of a block. Below a line `$ command` stands its output. */
function commandsOf({ language, lines }: Block): string[] {
  if (language !== "" && language !== "sh" && language !== "bash") return [];
  const typed = lines.filter((line) => line.startsWith("$ "));
  const commands = typed.length > 0 ? typed.map((line) => line.slice(2)) : lines;
  return commands
    .map((line) => line.replace(/ +# .*$/, "").trim())
    .filter((it) => isCommand.test(it));
}

const places: string[] = [];
const running: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
  for (const dir of places.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** A directory as a clone has it, with data of its own. */
function clone(): string {
  const dir = mkdtempSync(join(tmpdir(), "llm-gateway-docs-"));
  places.push(dir);
  copyFileSync(join(root, "gateway.sh"), join(dir, "gateway.sh"));
  for (const part of ["gateway", "node_modules", "package.json", "config.example.yaml"]) {
    symlinkSync(join(root, part), join(dir, part));
  }
  mkdirSync(join(dir, "data"));
  return dir;
}

/** No variables of the caller, and no Docker, whose containers would be asked instead. */
const plainEnv = (dir: string): NodeJS.ProcessEnv => ({
  PATH: `${join(dir, "node_modules/.bin")}:/usr/bin:/bin`,
  HOME: dir,
  TMPDIR: tmpdir(),
  DOCKER_HOST: "unix:///nowhere/docker.sock",
  WEBUI_JWT_SECRET: "a secret of thirty-two characters or more",
  ANTHROPIC_API_KEY: "sk-ant-not-a-real-key",
  OPENAI_API_KEY: "sk-not-a-real-key",
});

/** Runs a command line as typed; returns what it printed. Throws if it fails. */
function type(line: string, dir: string): string {
  try {
    return execFileSync("bash", ["-c", line], {
      cwd: dir,
      env: plainEnv(dir),
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
    });
  } catch (cause) {
    const { stdout = "", stderr = "" } = cause as { stdout?: string; stderr?: string };
    throw new Error(`$ ${line}\n${stdout}${stderr}`);
  }
}

/** Starts the gateway as `npm start` does. */
async function start(dir: string): Promise<void> {
  const port = await freePort(0, "127.0.0.1");
  writeFileSync(join(dir, ".env"), `HOST=127.0.0.1\nPORT=${port}\n`);
  const child = spawn("node", ["gateway/launch.mjs"], {
    cwd: dir,
    env: plainEnv(dir),
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => (said += String(bytes)));
  const ended = new Promise((resolve) => child.once("close", resolve));
  running.push(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  await until(() => said.includes(`:${port}/v1`), `the gateway starts: ${said}`, 20_000);
}

const reasonOf = (line: string): string | undefined =>
  notRun.find(([pattern]) => pattern.test(line))?.[1];

const linesOf = (page: string): string[] => blocksOf(page).flatMap(commandsOf);

/** Files that a page speaks of and that its reader has. */
const given: Readonly<Record<string, string>> = {
  "data/keys.json": JSON.stringify({ keys: [{ token: "0".repeat(64), key_alias: "frank" }] }),
  "data/litellm.yaml":
    "model_list:\n  - model_name: small\n    litellm_params: { model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY }\n",
  "data/llama-swap.yaml": "models:\n  small:\n    cmd: llama-server --port 9001\n",
};

describe("the command lines of the documentation", () => {
  it("are run below, or have a reason", () => {
    const lines = pages.flatMap(linesOf);
    const unused = notRun.filter(([pattern]) => !lines.some((line) => pattern.test(line)));
    expect(lines.length).toBeGreaterThan(40);
    expect(unused.map(([pattern]) => String(pattern))).toEqual([]);
  });

  const withCommands = pages.filter((page) =>
    linesOf(page).some((line) => reasonOf(line) === undefined),
  );
  for (const page of withCommands) {
    it(`succeed as ${page} has them, one after the other`, async () => {
      const dir = clone();
      await start(dir);
      const all = linesOf(page).join("\n");
      // Alice is there since README.
      if (/users \w+ alice/.test(all) && !all.includes("users add alice")) {
        type("./gateway.sh users add alice", dir);
      }
      for (const line of linesOf(page).filter((it) => reasonOf(it) === undefined)) {
        for (const [file, text] of Object.entries(given)) {
          if (line.includes(file) && !existsSync(join(dir, file))) {
            writeFileSync(join(dir, file), text);
          }
        }
        type(line, dir);
      }
    }, 120_000);
  }
});

describe("the files of the documentation", () => {
  const blocks = pages.flatMap((page) => blocksOf(page).map((block) => ({ page, ...block })));

  const configs = blocks.filter(({ language, lines }) => {
    return language === "yaml" && /^(upstreams|routes|limits|models):/.test(lines[0] ?? "");
  });
  it.for(configs)("config.yaml of $page is accepted", ({ lines }) => {
    const dir = clone();
    writeFileSync(join(dir, "data/config.yaml"), lines.join("\n"));
    expect(type("./gateway.sh config check", dir)).toContain("data/config.yaml");
  });

  const settings = blocks.filter(({ language, lines }) => {
    return language === "" && lines.every((line) => /^[A-Z][A-Z_]+=\S*$/.test(line));
  });
  it.for(settings)(".env of $page is accepted: $lines.0", ({ lines }) => {
    const dir = clone();
    writeFileSync(join(dir, ".env"), lines.join("\n"));
    const shown = type("./gateway.sh config check --changed", dir);
    for (const line of lines) expect(shown).toContain(line.split("=", 1)[0]);
  });

  const users = blocks.filter(({ language, lines }) => {
    return language === "json" && lines.join("").includes('"user":');
  });
  it.for(users)("users.json of $page is accepted", ({ lines }) => {
    const dir = clone();
    // The gateway refuses the published key of the example, as it should.
    const text = lines.join("\n").replace(/sha256:[0-9a-f]{64}/, `sha256:${"0".repeat(64)}`);
    writeFileSync(join(dir, "data/users.json"), text, { mode: 0o600 });
    expect(type("./gateway.sh users list", dir)).toContain("carol");
  });

  it("are found", () => {
    expect(configs.length).toBeGreaterThan(1);
    expect(settings.length).toBeGreaterThan(0);
    expect(users.length).toBeGreaterThan(0);
  });
});
