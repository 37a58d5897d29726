import { expect } from "vitest";
import { until } from "../support/harness.ts";
import { send } from "./providers.ts";
import { askRaw } from "./raw-client.ts";
import { begun, failure, type StagedEnding } from "./stage.ts";

/** How deltas, slowness and leaving go through. */
export const flowEndings: readonly StagedEnding[] = [
  {
    what: "client leaves",
    title: "what the client's leaving ends: the upstream's work",
    async prove({ client, provider, upstream, front }) {
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
    },
  },
  {
    what: "client leaves",
    title: "what the client's leaving ends before the upstream has said a word",
    async prove({ client, upstream, front }) {
      upstream.answer(() => {});
      const leaving = new AbortController();
      const before = upstream.seen.length;
      const answer = askRaw(front.url, client.dialect, { signal: leaving.signal });
      await until(() => upstream.seen.length > before, "it is asked");
      leaving.abort();
      await failure(answer);
      await upstream.seen.at(-1)?.closed;
    },
  },
  {
    what: "deltas as they come",
    title: "gives each delta on as it comes",
    async prove({ client, provider, upstream, front }) {
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
    },
  },
  {
    what: "slow reader",
    title: "a slow reader slows the upstream",
    async prove({ client, provider, upstream, front }) {
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
    },
  },
];
