import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GatewayError } from "../../errors.ts";
import { until } from "../harness.ts";
import { type MockUpstream, startMockUpstream } from "../mock-upstream.ts";
import { type Case, cases } from "./cases.ts";
import { type Front, startFront } from "./conversion-server.ts";
import { pairs } from "./pairs.ts";
import { asksForStream, type Provider, send, splits } from "./providers.ts";
import { askRaw } from "./raw-client.ts";

const [plain] = cases as [Case];

/** The events that begin a stream and say `text` in one, without its end. */
function begun(provider: Provider, text: string): string[] {
  // A text of four letters goes out in one piece.
  const events = provider.events({ ...plain, text: "@@@@" });
  const last = events.findLastIndex((event) => event.includes("@@@@"));
  // Gemini's only chunk would be the last.
  const open = (event: string): string => event.replace('"finishReason":"STOP",', "");
  return events.slice(0, last + 1).map((event) => open(event).replace("@@@@", text));
}

const failure = (answer: Promise<unknown>): Promise<unknown> =>
  answer.then(
    (had) => `no error, but ${JSON.stringify(had)}`,
    (error: unknown) => error,
  );

describe.each(pairs.map((pair) => [pair.name, pair] as const))("%s", (_name, pair) => {
  const { client, provider } = pair;
  let upstream: MockUpstream;
  let front: Front;
  beforeAll(async () => {
    upstream = await startMockUpstream(() => {});
    front = await startFront({ provider, upstreamUrl: upstream.url });
  });
  afterAll(async () => {
    await front.close();
    await upstream.close();
  });

  it.each(["stream", "whole"] as const)(
    "an error before the answer keeps its status: %s",
    async (how) => {
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
  );

  it("a refused key is the gateway's business, and is not repeated", async () => {
    upstream.answer((_seen, response) => {
      response.writeHead(401, { "content-type": "application/json" });
      response.end(JSON.stringify(provider.errorBody(401, "Bad key upstream-key.")));
    });
    const answer = await askRaw(front.url, client.dialect);
    expect(answer.status).toBe(502);
    expect(await answer.text()).not.toContain("upstream-key");
  });

  it.each(splits)("an error in mid-stream is raised: %s", async (split) => {
    upstream.answer(async (_seen, response) => {
      const events = [...begun(provider, "Hello."), provider.errorEvent("It broke, sorry.")];
      await send(response, events, split);
      response.end();
    });
    const error = await failure(client.stream({ url: front.url }));
    expect(error).toBeInstanceOf(Error);
    expect(`${String(error)} ${JSON.stringify(error)}`).toContain("It broke, sorry.");
  });

  it("an error as the first event is one with a status", async () => {
    upstream.answer(async (_seen, response) => {
      await send(response, [provider.errorEvent("Too busy.")], "whole");
      response.end();
    });
    await failure(client.stream({ url: front.url }));
    expect(front.endings.at(-1)).toBeInstanceOf(GatewayError);
    expect(String(front.endings.at(-1))).toContain("Too busy.");
  });

  it.each(["ended", "destroyed"] as const)("a cut stream is no normal stop: %s", async (how) => {
    upstream.answer(async (_seen, response) => {
      await send(response, begun(provider, "Hello."), "one event");
      if (how === "ended") response.end();
      else response.destroy();
    });
    const error = await failure(client.stream({ url: front.url }));
    expect(error).toBeInstanceOf(Error);
    expect(front.endings.at(-1)).toMatchObject({ code: "upstream_error" });
  });

  it("a stream cut in the middle of an event is no normal stop", async () => {
    upstream.answer(async (_seen, response) => {
      const events = provider.events(plain);
      const all = events.slice(0, provider.family === "google" ? -1 : 4).join("");
      await send(response, [all.slice(0, -9)], "whole");
      response.end();
    });
    expect(await failure(client.stream({ url: front.url }))).toBeInstanceOf(Error);
  });

  it("an answer that is none is an error", async () => {
    upstream.answer((seen, response) => {
      const type = asksForStream(seen) ? "text/event-stream" : "application/json";
      response.writeHead(200, { "content-type": type });
      response.end("<html>It works!</html>");
    });
    for (const how of ["stream", "whole"] as const) {
      expect(await failure(client[how]({ url: front.url }))).toBeInstanceOf(Error);
      expect(front.endings.at(-1)).toMatchObject({ code: "upstream_error" });
    }
  });

  it("what the client's leaving ends: the upstream's work", async () => {
    upstream.answer(async (_seen, response) => {
      await send(response, begun(provider, "Hello."), "one event");
    });
    const leaving = new AbortController();
    const { signal } = leaving;
    const answer = client.stream({ url: front.url, signal, onPiece: () => leaving.abort() });
    await failure(answer);
    await upstream.seen.at(-1)?.closed;
    await until(() => front.endings.at(-1) !== null, "it has ended");
    expect(front.endings.at(-1)).toMatchObject({ code: "client_closed" });
  });

  it("what the client's leaving ends before the upstream has said a word", async () => {
    upstream.answer(() => {});
    const leaving = new AbortController();
    const before = upstream.seen.length;
    const answer = askRaw(front.url, client.dialect, { signal: leaving.signal });
    await until(() => upstream.seen.length > before, "it is asked");
    leaving.abort();
    await failure(answer);
    await upstream.seen.at(-1)?.closed;
  });

  it("gives each delta on as it comes", async () => {
    const words = ["#1#", "#2#", "#3#", "#4#", "#5#"];
    let had = "";
    upstream.answer(async (_seen, response) => {
      await send(response, begun(provider, "Hello."), "whole");
      for (const word of words) {
        response.write(begun(provider, word).at(-1));
        await until(() => had.includes(word), `${word} arrives`, 5_000);
      }
      response.end();
    });
    const answer = await askRaw(front.url, client.dialect);
    for await (const chunk of answer.body ?? []) had += Buffer.from(chunk).toString();
    expect(words.every((word) => had.includes(word))).toBe(true);
  });

  it("a slow reader slows the upstream", async () => {
    let written = 0;
    let isFull = false;
    upstream.answer(async (seen, response) => {
      await send(response, begun(provider, "Hello."), "whole");
      const [event = ""] = begun(provider, "x".repeat(60_000)).slice(-1);
      const bytes = Buffer.from(event);
      while (!response.destroyed && written < 400_000_000) {
        written += bytes.length;
        isFull = !response.write(bytes);
        if (!isFull) continue;
        await Promise.race([
          seen.closed,
          new Promise((resolve) => response.once("drain", resolve)),
        ]);
        isFull = false;
      }
    });
    const leaving = new AbortController();
    const answer = await askRaw(front.url, client.dialect, { signal: leaving.signal });
    const reader = answer.body?.getReader();
    await reader?.read();
    const stalls = async (): Promise<boolean> => {
      const before = written;
      await new Promise((resolve) => setTimeout(resolve, 150));
      return isFull && written === before;
    };
    await until(stalls, "the upstream has to wait");
    const inFlight = written;
    // What two connections' buffers hold, and no more.
    expect(inFlight).toBeLessThan(64_000_000);
    const goesOn = async (): Promise<boolean> => {
      await reader?.read();
      return written > inFlight;
    };
    await until(goesOn, "it goes on when the reader does");
    leaving.abort();
    await upstream.seen.at(-1)?.closed;
  });
});
