import { expect } from "vitest";
import { GatewayError } from "../../errors.ts";
import { asksForStream, send, splits } from "./providers.ts";
import { askRaw } from "./raw-client.ts";
import { begun, failure, plain, type Stage, type StagedEnding } from "./stage.ts";

/** How an upstream's errors and cuts reach a client. */
export const errorEndings: readonly StagedEnding[] = [
  ...(["stream", "whole"] as const).map((how) => ({
    what: "error before",
    title: `an error before the answer keeps its status: ${how}`,
    async prove({ client, provider, upstream, front }: Stage) {
      upstream.answer((_seen, response) => {
        response.writeHead(429, { "content-type": "application/json", "retry-after": "7" });
        response.end(JSON.stringify(provider.errorBody(429, "Slow down, please.")));
      });
      const error = await failure(client[how]({ url: front.url }));
      expect(error).toMatchObject({ status: 429 });
      expect(String(error)).toContain("Slow down, please.");
      const answer = await askRaw(front.url, client.dialect);
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "7"]);
      await answer.text();
    },
  })),
  {
    what: "error before",
    title: "a refused key is the gateway's business, and is not repeated",
    async prove({ client, provider, upstream, front }) {
      upstream.answer((_seen, response) => {
        response.writeHead(401, { "content-type": "application/json" });
        response.end(JSON.stringify(provider.errorBody(401, "Bad key upstream-key.")));
      });
      const answer = await askRaw(front.url, client.dialect);
      expect(answer.status).toBe(502);
      expect(await answer.text()).not.toContain("upstream-key");
    },
  },
  ...splits.map((split) => ({
    what: "error in mid-stream",
    title: `an error in mid-stream is raised: ${split}`,
    async prove({ client, provider, upstream, front }: Stage) {
      upstream.answer(async (_seen, response) => {
        const events = [...begun(provider, "Hello."), provider.errorEvent("It broke, sorry.")];
        await send(response, events, split);
        response.end();
      });
      const error = await failure(client.stream({ url: front.url }));
      expect(error).toBeInstanceOf(Error);
      expect(`${String(error)} ${JSON.stringify(error)}`).toContain("It broke, sorry.");
    },
  })),
  {
    what: "error before",
    title: "an error as the first event is one with a status",
    async prove({ client, provider, upstream, front }) {
      upstream.answer(async (_seen, response) => {
        await send(response, [provider.errorEvent("Too busy.")], "whole");
        response.end();
      });
      await failure(client.stream({ url: front.url }));
      expect(front.endings.at(-1)).toBeInstanceOf(GatewayError);
      expect(String(front.endings.at(-1))).toContain("Too busy.");
    },
  },
  ...(["ended", "destroyed"] as const).map((how) => ({
    what: "cut stream",
    title: `a cut stream is no normal stop: ${how}`,
    async prove({ client, provider, upstream, front }: Stage) {
      upstream.answer(async (_seen, response) => {
        await send(response, begun(provider, "Hello."), "one event");
        if (how === "ended") response.end();
        else response.destroy();
      });
      const error = await failure(client.stream({ url: front.url }));
      expect(error).toBeInstanceOf(Error);
      expect(front.endings.at(-1)).toMatchObject({ code: "upstream_error" });
    },
  })),
  {
    what: "cut stream",
    title: "a stream cut in the middle of an event is no normal stop",
    async prove({ client, provider, upstream, front }) {
      upstream.answer(async (_seen, response) => {
        const events = provider.events(plain);
        const all = events.slice(0, provider.family === "google" ? -1 : 4).join("");
        await send(response, [all.slice(0, -9)], "whole");
        response.end();
      });
      expect(await failure(client.stream({ url: front.url }))).toBeInstanceOf(Error);
    },
  },
  {
    what: "cut stream",
    title: "an answer that is none is an error",
    async prove({ client, upstream, front }) {
      upstream.answer((seen, response) => {
        const type = asksForStream(seen) ? "text/event-stream" : "application/json";
        response.writeHead(200, { "content-type": type });
        response.end("<html>It works!</html>");
      });
      for (const how of ["stream", "whole"] as const) {
        expect(await failure(client[how]({ url: front.url }))).toBeInstanceOf(Error);
        expect(front.endings.at(-1)).toMatchObject({ code: "upstream_error" });
      }
    },
  },
];
