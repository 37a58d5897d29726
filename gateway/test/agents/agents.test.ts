import { execFile } from "node:child_process";
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installedClients, triesAllClients } from "../clients/installed-clients.ts";
import { startTestGateway, until } from "../support/harness.ts";
import type { Handler } from "../support/mock-upstream.ts";
import { type Agent, agents } from "./agents.ts";
import { runAgent } from "./run-agent.ts";
import { scriptedModel } from "./scripted-model.ts";
import { shapeOf } from "./shape.ts";

const root = join(import.meta.dirname, "../../..");
const page = join(root, "docs/agents.md");
const shapes = join(root, "gateway/test/fixtures/agents");
const isWritten = process.env.UPDATE_CLIENTS === "1";
const installed = join(installedClients, "agents");

/** What each agent asks, and the type of its upstream. */
const upstreams = [
  ["chat", "auto", "an OpenAI-like server"],
  ["messages", "anthropic", "Anthropic"],
  ["gemini", "google", "Gemini"],
] as const;

/** The API of its own upstream: there its requests pass as they are. */
const ownApi: Readonly<Record<string, string>> = { Messages: "messages", Gemini: "gemini" };

const seen = new Map<string, Map<string, string>>();

function note(agent: Agent, upstream: string, happened: string): void {
  const row = seen.get(agent.name) ?? new Map<string, string>();
  seen.set(agent.name, row.set(upstream, happened));
}

/** Holds the one slot until the agent waits in line behind it. */
const holding = "hold the slot";
function withHolder(handler: Handler, release: () => Promise<void>): Handler {
  return async (request, response, incoming) => {
    if (request.body.includes(holding)) await release();
    return handler(request, response, incoming);
  };
}

const blockers = {
  chat: ["/v1/chat/completions", { model: "mock", messages: [{ role: "user", content: holding }] }],
  messages: [
    "/v1/messages",
    { model: "mock", max_tokens: 5, messages: [{ role: "user", content: holding }] },
  ],
  gemini: [
    "/v1beta/models/mock:generateContent",
    { contents: [{ role: "user", parts: [{ text: holding }] }] },
  ],
} as const;

/** A file with "one" is read, edited and copied by the agent; gives the copy, and what was asked. */
async function tryAgent(agent: Agent, api: (typeof upstreams)[number][0], type: string) {
  const base = mkdtempSync(join(tmpdir(), "agent-"));
  const [home, folder] = [join(base, "home"), join(base, "work")];
  for (const one of [home, folder]) mkdirSync(one);
  const file = join(folder, "note.txt");
  writeFileSync(file, "one\n");
  const model = scriptedModel({ file, before: "one", after: "two" }, api);
  let waits = async (): Promise<void> => {};
  await using gateway = await startTestGateway(
    withHolder(model, () => waits()),
    {
      UPSTREAM_TYPE: type,
      MAX_CONCURRENT: "1",
    },
  );
  const isWaiting = async () => (await gateway.health()).line.waiting > 0;
  waits = () => until(isWaiting, `${agent.name} waits in line`, 60_000);
  const [path, body] = blockers[api];
  const first = gateway.post(path, body, { user: "bob" });
  const key = gateway.keys.alice ?? "";
  const place = { home, url: gateway.url, key, installed };
  const run = await runAgent(agent, place, folder, "Change one to two in note.txt.");
  await (await first).text();
  const copy = existsSync(`${file}.done`) ? readFileSync(`${file}.done`, "utf8") : null;
  const asked = gateway.upstream.seen
    .map(({ url, body: bytes }) => ({
      url,
      body: bytes.toString().replaceAll(base, "/home/alice"),
    }))
    .filter(({ body: text }) => /"tools"|SEARCH\/REPLACE/.test(text) && !text.includes(holding));
  rmSync(base, { recursive: true, force: true });
  return { run, copy, asked };
}

if (!triesAllClients) {
  const why = "Coding agents: not tried: npm run test:clients tries them.";
  console.info(why);
  it("each coding agent", ({ skip }) => skip(why));
}

const run = (program: string, args: readonly string[]) =>
  promisify(execFile)(program, args, {
    cwd: installed,
    timeout: 600_000,
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" },
  });

/** Each installs packages into the folder of the agents. */
const installers = {
  async npm(names: readonly string[]) {
    if (!existsSync(join(installed, "package.json"))) {
      writeFileSync(join(installed, "package.json"), '{"private":true}');
    }
    const flags = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"];
    await run("npm", [...flags, ...names]);
  },
  async PyPI(names: readonly string[]) {
    await run("python3", ["-m", "venv", "venv"]);
    await run(join(installed, "venv/bin/pip"), ["install", "--quiet", ...names]);
  },
};

/** Why packages of this origin could not be installed. */
const untried = new Map<Agent["from"], string>();

describe.runIf(triesAllClients)("a coding agent, as it is", () => {
  beforeAll(async () => {
    mkdirSync(installed, { recursive: true });
    for (const from of ["npm", "PyPI"] as const) {
      const names = agents.filter((agent) => agent.from === from).map((agent) => agent.package);
      await installers[from](names).catch((error: Error) => {
        const why = error.message.trim().split("\n").at(-1);
        untried.set(from, why ?? "");
        console.info(`${names.join(", ")}: not tried: ${why}`);
      });
    }
  }, 1_200_000);

  for (const [api, type, title] of upstreams) {
    it.for(agents)(
      `$name waits, reads a file, edits it, and runs a command, at ${title}`,
      { timeout: 180_000 },
      async (agent, { skip }) => {
        const why = untried.get(agent.from);
        note(agent, api, why === undefined ? "fails" : "untried");
        if (why !== undefined) skip(why);
        const { run, copy, asked } = await tryAgent(agent, api, type);
        expect([copy, run.printed]).toEqual(["two\n", expect.stringContaining("All done.")]);
        expect(run.code).toBe(0);
        note(agent, api, "yes");
        const own = asked.findLast(({ url }) => url.includes("/v1/responses")) ?? asked.at(-1);
        if (!isWritten || (ownApi[agent.api] ?? "chat") !== api || own === undefined) return;
        mkdirSync(shapes, { recursive: true });
        const shape = { path: own.url, body: shapeOf(JSON.parse(own.body)) };
        const name = agent.name.toLowerCase().replaceAll(" ", "-");
        writeFileSync(join(shapes, `${name}.json`), `${JSON.stringify(shape)}\n`);
      },
    );
  }

  afterAll(() => {
    const text = readFileSync(page, "utf8");
    const mark = "<!-- made by gateway/test/agents -->";
    const lines = text.split("\n");
    const rows = agents.map((agent) => {
      const before = lines.find((line) => line.startsWith(`| ${agent.name} `));
      if (!seen.has(agent.name) && before !== undefined) return before;
      const cells = upstreams.map(([api]) => seen.get(agent.name)?.get(api) ?? "not tried");
      return `| ${agent.name} ${versionOf(agent)} | ${cells.join(" | ")} |`;
    });
    const head = [
      "| Agent | OpenAI-like server | Anthropic | Gemini |",
      "| --- | --- | --- | --- |",
    ];
    const table = [mark, "", ...head, ...rows, "", mark].join("\n");
    const [before = "", , after = ""] = text.split(mark);
    if (isWritten) writeFileSync(page, before + table + after);
    else console.info(table);
  });
});

function versionOf(agent: Agent): string {
  if (agent.from === "PyPI") {
    const [found] = globSync(
      `venv/lib/*/site-packages/${agent.package.replace("-", "_")}-*.dist-info`,
      {
        cwd: installed,
      },
    );
    return /-([\d.]+)\.dist-info$/.exec(found ?? "")?.[1] ?? "";
  }
  const file = join(installed, "node_modules", agent.package, "package.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : "";
}
