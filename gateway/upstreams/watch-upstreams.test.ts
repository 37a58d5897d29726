import { afterEach, expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import { openUpstream } from "./upstream.ts";
import { type UpstreamWatch, watchUpstreams } from "./watch-upstreams.ts";

let watch: UpstreamWatch;
afterEach(() => watch.health.stop());

it("an upstream that came back is asked again for what it did not know before it went", async () => {
  const upstream = openUpstream({
    ...{ url: "http://127.0.0.1:9", key: null, type: "openai" as const },
    ...{ name: "a", connectTimeoutMs: 100 },
  });
  const changes: boolean[] = [];
  watch = watchUpstreams([upstream], (_name, up) => changes.push(up));
  const serve = (error: GatewayError | null): void => {
    watch.began("a");
    watch.ended("a", error, "alice");
  };
  serve(null);
  upstream.lacks.add("messages");
  serve(null);
  expect([...upstream.lacks]).toEqual(["messages"]);
  for (let count = 0; count < 3; count++) serve(new GatewayError("upstream_unreachable", "gone"));
  serve(null);
  expect(changes).toEqual([true, false, true]);
  expect([...upstream.lacks]).toEqual([]);
  await upstream.connections.close();
});

it("an upstream at work that is slow to list its models is not taken for dead", async () => {
  const upstream = openUpstream({
    ...{ url: "http://127.0.0.1:9", key: null, type: "openai" as const },
    ...{ name: "a", connectTimeoutMs: 100 },
  });
  watch = watchUpstreams([upstream], () => {});
  const silent = new GatewayError("upstream_timeout", "silent");
  const leaveUnanswered = (): void => {
    for (let count = 0; count < 3; count++) watch.unanswered("a", silent);
  };
  watch.began("a");
  leaveUnanswered();
  expect(watch.health.usable("a")).toBe(true);
  watch.ended("a", null, "alice");
  leaveUnanswered();
  expect(watch.health.usable("a")).toBe(false);
  await upstream.connections.close();
});
