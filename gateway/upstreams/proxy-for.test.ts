import { describe, expect, it } from "vitest";
import { proxyFor } from "./proxy-for.ts";

const env = { HTTP_PROXY: "http://plain:3128", HTTPS_PROXY: "http://secure:3128" };

describe("the proxy for a URL", () => {
  it("is that of its protocol, lower case first, and may be written without http://", () => {
    expect(proxyFor("http://a", env)).toBe("http://plain:3128");
    expect(proxyFor("https://a/v1", env)).toBe("http://secure:3128");
    expect(proxyFor("http://a", { ...env, http_proxy: "lower:1" })).toBe("http://lower:1");
    expect(proxyFor("http://a", { HTTPS_PROXY: "x" })).toBeNull();
    expect(proxyFor("http://a", { ...env, http_proxy: "" })).toBeNull();
    expect(proxyFor("http://a", {})).toBeNull();
  });

  it("is none for this machine itself", () => {
    for (const host of ["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "api.localhost"]) {
      expect(proxyFor(`http://${host}:8080`, env)).toBeNull();
    }
  });

  it.each([
    ["a.example", "http://a.example", true],
    ["a.example", "http://b.a.example", true],
    ["a.example", "http://ba.example", false],
    [".a.example", "http://b.a.example", true],
    [".a.example", "http://a.example", true],
    ["*.a.example", "http://a.example", false],
    ["*.a.example", "http://b.a.example.", true],
    ["A.Example", "http://a.example", true],
    ["a.example:8080", "http://a.example:8080", true],
    ["a.example:8080", "http://a.example", false],
    ["a.example:443", "https://a.example", true],
    ["x, y  a.example", "http://a.example", true],
    ["*", "http://a.example", true],
    ["10.0.0.7", "http://10.0.0.7:1", true],
    ["0.0.7", "http://10.0.0.7:1", false],
    ["10.0.0.0/8", "http://10.1.2.3", true],
    ["10.0.0.0/8", "http://11.1.2.3", false],
    ["10.0.0.0/99", "http://10.1.2.3", false],
    ["fd00::/8", "http://[fd00::1]:80", true],
    ["[fd00::1]:80", "http://[fd00::1]", true],
    ["fd00::1", "http://[fd00::1]", true],
    ["fd00::1", "http://[fd00::2]", false],
  ])("NO_PROXY=%s lets %s go without: %s", (list, url, without) => {
    expect(proxyFor(url, { ...env, NO_PROXY: list }) === null).toBe(without);
    expect(proxyFor(url, { ...env, no_proxy: list, NO_PROXY: "" }) === null).toBe(without);
  });
});
