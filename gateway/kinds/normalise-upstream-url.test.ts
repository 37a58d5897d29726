import fc from "fast-check";
import { expect, test } from "vitest";
import { normaliseUpstreamUrl } from "./normalise-upstream-url.ts";

test.each([
  ["http://box:8080", "http://box:8080"],
  ["http://box:8080/", "http://box:8080"],
  ["http://box:8080/v1", "http://box:8080"],
  ["http://box:8080/v1/", "http://box:8080"],
  ["http://box:8080//v1//", "http://box:8080"],
  ["http://box:8080/llama", "http://box:8080/llama"],
  ["http://box:8080/llama/", "http://box:8080/llama"],
  ["http://box:8080/llama/v1", "http://box:8080/llama"],
  ["http://box:8080/llama/v1/", "http://box:8080/llama"],
  ["http://box:8080/a/b/v1", "http://box:8080/a/b"],
  ["https://box", "https://box"],
  ["https://box:443/v1", "https://box"],
  ["HTTP://Box:80/v1", "http://box"],
  ["http://[::1]:8080/v1", "http://[::1]:8080"],
  ["http://192.168.1.7:8080", "http://192.168.1.7:8080"],
  ["http://box/v1beta", "http://box"],
  ["http://box/apiv1", "http://box/apiv1"],
])("%s becomes %s", (given, wanted) => {
  expect(normaliseUpstreamUrl(given)).toBe(wanted);
});

test.each([
  ["box:8080", "must start with http:// or https://"],
  ["localhost", "must start with http:// or https://"],
  ["ftp://box", "must start with http:// or https://"],
  ["file:///etc/passwd", "must start with http:// or https://"],
  ["http://", "must be a URL"],
  ["http://box:99999", "must be a URL"],
  ["http://box /v1", "must be a URL"],
  ["http://alice:hidden@box", "UPSTREAM_API_KEY"],
  ["http://alice@box", "UPSTREAM_API_KEY"],
  ["http://box/v1?key=hidden", "no ? and no #"],
  ["http://box/v1?", "no ? and no #"],
  ["http://box/v1#top", "no ? and no #"],
])("%s is refused without being repeated", (given, must) => {
  let message = "";
  try {
    normaliseUpstreamUrl(given);
  } catch (error) {
    message = error instanceof Error ? error.message : "";
  }
  expect(message).toContain(must);
  expect(message).not.toContain("hidden");
});

test("normalising twice changes nothing more", () => {
  const segment = fc.stringMatching(/^[a-z0-9._-]{1,8}$/).filter((text) => !/^\.+$/.test(text));
  const path = fc.array(segment, { maxLength: 4 });
  fc.assert(
    fc.property(path, fc.constantFrom("", "/", "/v1", "/v1/"), (parts, end) => {
      fc.pre(parts.at(-1) !== "v1");
      const base = ["http://box:8080", ...parts].join("/");
      expect(normaliseUpstreamUrl(base + end)).toBe(base);
      expect(normaliseUpstreamUrl(normaliseUpstreamUrl(base + end))).toBe(base);
    }),
  );
});
