import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";

const root = join(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const manifest = JSON.parse(read("package.json")) as { license: string; version: string };

test("the licence that package.json and the image name is there in full", () => {
  expect(manifest.license).toBe("MIT");
  expect(read("LICENSE")).toMatch(/^MIT License\n\nCopyright.*THE SOFTWARE IS PROVIDED "AS IS"/s);
  expect(read("gateway/Dockerfile")).toContain('licenses="MIT"');
});

test("the changelog has this version, and a section for the next one", () => {
  const headings = [...read("CHANGELOG.md").matchAll(/^## \[(.+?)\]/gm)].map(([, name]) => name);
  expect(headings[0]).toBe("Unreleased");
  expect(headings).toContain(manifest.version);
});

test("the workflows run .ci/run, and publish for both processors with provenance and SBOM", () => {
  const ci = parse(read(".github/workflows/ci.yml"));
  expect(ci.jobs.test.steps.at(-1)).toEqual({ run: ".ci/run" });
  const release = parse(read(".github/workflows/release.yml"));
  expect(release.on.push.tags).toEqual(["v*"]);
  const build = release.jobs.image.steps.find(({ id }: { id?: string }) => id === "build");
  expect(build.with).toMatchObject({
    file: "gateway/Dockerfile",
    platforms: "linux/amd64,linux/arm64",
    provenance: "mode=max",
    sbom: true,
  });
  const args = [...read("gateway/Dockerfile").matchAll(/^ARG (\w+)=/gm)].map(([, name]) => name);
  for (const [, name] of build.with["build-args"].matchAll(/^(\w+)=/gm))
    expect(args).toContain(name);
});

test("the forms for issues are forms, and every file that documents name is there", () => {
  const folder = join(root, ".github/ISSUE_TEMPLATE");
  for (const file of readdirSync(folder)) {
    const form = parse(readFileSync(join(folder, file), "utf8"));
    if (file !== "config.yml") expect(form.body.length, file).toBeGreaterThan(1);
  }
  for (const file of ["SECURITY.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", ".editorconfig"]) {
    expect(existsSync(join(root, file)), file).toBe(true);
  }
});
