import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";

type Client = {
  name: string;
  block(address: { base: string; key: string; model: string }): string;
};

const root = join(import.meta.dirname, "../..");
const file = join(root, "gateway/page/browser/screens/clients.js");
const { clients } = (await import(pathToFileURL(file).href)) as { clients: Client[] };

/** The first column of the table of clients in README. */
function namesInReadme(): string[] {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const table = readme.split("| Client | Where | Value |\n")[1]?.split("\n\n", 1)[0] ?? "";
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => (line.split("|")[1] ?? "").split(",").map((name) => name.trim()));
}

describe("the blocks to copy", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway(politeChat);
  });
  afterAll(() => gateway.stop());

  const blockOf = (name: string): string => {
    // A shell reads the name as a text, whatever stands in it.
    const address = { base: gateway.url, key: gateway.keys.alice ?? "", model: "it's a $HOME" };
    return clients.find((client) => client.name === name)?.block(address) ?? "";
  };

  it("are there for each client of README", () => {
    const names = namesInReadme();
    expect(names.length).toBeGreaterThan(10);
    const missing = names.filter((name) => !clients.some((client) => client.name.startsWith(name)));
    expect(missing).toEqual([]);
  });

  it("have the address and the key, and no place left to fill in", () => {
    const address = { base: "http://box.lan:8000", key: "sk-mine", model: 'a "model"' };
    for (const { name, block } of clients) {
      expect(block(address), name).toContain("http://box.lan:8000");
      expect(block(address), name).not.toMatch(/\bHOST\b|\bMODEL\b|YOUR_KEY|undefined/);
    }
  });

  it("work in a shell", async () => {
    const { stdout } = await promisify(execFile)("bash", ["-c", blockOf("curl")]);
    expect(stdout).toContain("Hello");
    expect(stdout).toContain("data: [DONE]");
  });

  it("work in a program", async () => {
    const script = ["--input-type=module", "-e", blockOf("openai (JavaScript)")];
    const { stdout } = await promisify(execFile)(process.execPath, script, { cwd: root });
    expect(stdout).toBe("Hello there\n");
  });
});
