import { describe, expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import { endpointOf } from "./endpoints.ts";
import { judgePath } from "./path.ts";

function refusal(target: string): string {
  try {
    judgePath(target);
  } catch (error) {
    if (error instanceof GatewayError && error.code === "invalid_path") return error.message;
    throw error;
  }
  return "let through";
}

describe("judgePath", () => {
  it.each([
    ["/", "/", ""],
    ["/v1/chat/completions", "/v1/chat/completions", ""],
    ["/v1/models/", "/v1/models/", ""],
    ["/v1/models?a=%2e%2e&b=//", "/v1/models", "?a=%2e%2e&b=//"],
    ["/v1/models/org%2Fname", "/v1/models/org%2Fname", ""],
    ["/v1/models/org/name%3Alatest", "/v1/models/org/name%3Alatest", ""],
    ["/v1/models/m%C3%A9", "/v1/models/m%C3%A9", ""],
    ["/v1/model/org/name%3Afree", "/v1/model/org/name%3Afree", ""],
    ["/v1/files/a%20b/content", "/v1/files/a%20b/content", ""],
    ["/v1/models/..name", "/v1/models/..name", ""],
    ["/v1beta/models/g:generateContent", "/v1beta/models/g:generateContent", ""],
    ["/v1?", "/v1", "?"],
  ])("lets %s through as it is", (target, path, query) => {
    expect(judgePath(target)).toEqual({ path, query, alias: false });
  });

  it("knows the alias, once, and only as a whole segment", () => {
    expect(judgePath("/api/v1/models?x=1")).toEqual({
      path: "/v1/models",
      query: "?x=1",
      alias: true,
    });
    expect(judgePath("/api/v1")).toMatchObject({ path: "/v1", alias: true });
    expect(judgePath("/api/v12/x")).toMatchObject({ path: "/api/v12/x", alias: false });
    expect(judgePath("/api/api/v1/x")).toMatchObject({ path: "/api/api/v1/x", alias: false });
    expect(judgePath("/API/v1/x")).toMatchObject({ path: "/API/v1/x", alias: false });
  });

  it("takes OPTIONS *", () => {
    expect(judgePath("*")).toEqual({ path: "*", query: "", alias: false });
  });

  it.each([
    ["/v1/%63hat/completions", "percent-escape"],
    ["/%76%31/chat/completions", "percent-escape"],
    ["/v1%2Fchat/completions", "percent-escape"],
    ["/api%2Fv1/chat/completions", "percent-escape"],
    ["//v1/chat/completions", "'//'"],
    ["/v1//chat/completions", "'//'"],
    ["/v1/models//", "'//'"],
    ["/api/v1//x", "'//'"],
    ["/v1/../metrics", "dot segment"],
    ["/v1/./models", "dot segment"],
    ["/v1/models/..", "dot segment"],
    ["/v1/models/.", "dot segment"],
    ["/v1/files/..;/chat/completions", "dot segment"],
    ["/..", "dot segment"],
    ["/v1\\chat", "backslash"],
    ["http://host/v1/models", "must begin with"],
    ["host:443", "must begin with"],
    ["", "must begin with"],
    ["/v1/models#x", "fragment"],
    ["/v1/mod els", "space"],
    ["/v1/mod\u0000els", "control"],
    ["/v1/mod\u007fels", "control"],
    ["/v1/modèls", "ASCII"],
    ["/v1/models?a=é", "query"],
    ["/v1/models?a b", "query"],
    ["/v1/models/%2e%2e", "dot segment"],
    ["/v1/models/a%2F..%2Fb", "dot segment"],
    ["/v1/models/a%2F", "empty"],
    ["/v1/files/%2e", "dot segment"],
    ["/v1/files/x%2F..%2F..%2Fchat%2Fcompletions", "escaped '/'"],
    ["/v1/files/a%2Fb", "escaped '/'"],
    ["/v1/files/a%5Cb", "escaped control"],
    ["/v1/files/a%00b", "escaped control"],
    ["/v1/files/a%0d%0ab", "escaped control"],
    ["/v1/files/a%3Fb", "escaped control"],
    ["/v1/files/a%23b", "escaped control"],
    ["/v1/files/%252e%252e", "escaped control"],
    ["/v1/files/a%ff", "UTF-8"],
    ["/v1/files/a%zz", "UTF-8"],
    ["/v1/files/a%", "UTF-8"],
    ["/v1/files/a%20b/%63ontent", "after the id"],
    ["/v1/responses/r/%63ancel", "after the id"],
  ])("refuses %j and says why: %s", (target, why) => {
    expect(refusal(target)).toContain(why);
  });

  it("leaves case alone, so that another case is another path", () => {
    const { path } = judgePath("/V1/Chat/Completions");
    expect(path).toBe("/V1/Chat/Completions");
    expect(endpointOf("POST", path)).toMatchObject({ kind: "generation", json: false });
  });

  it("an escaped id never hides a generation among the reads", () => {
    const { path } = judgePath("/v1/chat/completions/%69nput_tokens");
    expect(endpointOf("POST", path).kind).toBe("generation");
  });
});
