import { networkInterfaces, tmpdir } from "node:os";
import { expect, test } from "vitest";
import { loadSettings } from "../settings/load-settings.ts";
import { firstKeyLines, welcomeLines } from "./welcome.ts";

const settingsOf = (env: Record<string, string>) =>
  loadSettings({ argv: [], env, cwd: tmpdir() }).settings;

/** As a terminal gets it. */
const firstKey = { user: "admin", key: "sk-made-up", keyFile: "data/first-key" };

test("every address of the LAN is shown where the gateway listens on all", () => {
  const lines = welcomeLines(settingsOf({}), 8000, null, null);
  const lan = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family }) => !internal && family === "IPv4");
  for (const { address } of lan) expect(lines).toContain(`  http://${address}:8000/v1`);
  const shown = lines.filter((line) => /^ {2}http:.*\/v1$/.test(line));
  expect(shown).toHaveLength(Math.max(1, lan.length));
  for (const line of shown) expect(lines).toContain(line.replace(/v1$/, ""));
});

test.each([
  ["127.0.0.1", "http://127.0.0.1:81"],
  ["::1", "http://[::1]:81"],
  ["box.lan", "http://box.lan:81"],
])("with HOST=%s that one is shown, and asked by the curl line", (host, address) => {
  const text = welcomeLines(settingsOf({ HOST: host }), 81, firstKey, null).join("\n");
  expect(text).toContain(`Its page, for a browser:\n  ${address}/\n`);
  expect(text).toContain(`\n  ${address}/v1\n`);
  expect(text).toContain("./gateway.sh users invite NAME");
  expect(text).toContain(`curl -N ${address}/v1/chat/completions`);
  expect(text).toContain('"Authorization: Bearer sk-made-up"');
});

test("the first key is shown, or the path of its file, and how to see it again", () => {
  expect(firstKeyLines(firstKey).join()).toMatch(/sk-made-up.*gateway\.sh key/);
  const lines = firstKeyLines({ user: "admin", key: null, keyFile: "data/first-key" });
  expect(lines.join()).toContain("data/first-key");
});

test("in a container the example is an address that the container reaches", () => {
  const inside = welcomeLines(settingsOf({}), 8000, null, "8000").join("\n");
  expect(inside).toContain("UPSTREAM_URL=http://host.docker.internal:8080");
  expect(inside).not.toContain("UPSTREAM_URL=http://127.0.0.1");
  const outside = welcomeLines(settingsOf({}), 8000, null, null).join("\n");
  expect(outside).toContain("UPSTREAM_URL=http://127.0.0.1:8080");
});
