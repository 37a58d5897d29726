import { isDeepStrictEqual } from "node:util";
import { type TestGateway, until } from "./harness.ts";
import { type Handler, politeChat, type Seen } from "./mock-upstream.ts";

export type Holding = {
  /** Gives it to `startTestGateway`. */
  handler: Handler;
  /** How many requests have come so far; those that were released count too. */
  held(): number;
  /** Answers the request of this index (0 is the first); waits until it has come. */
  release(index?: number): Promise<void>;
  /** Answers all that are held, and all that come from now on. */
  releaseAll(): void;
};

/**
 * An upstream that holds each request until the test releases it, and then answers politely.
 * `before` sees a request when it comes; with `only` the others are answered at once.
 */
export function holding({
  before = () => {},
  only = () => true,
}: {
  before?: Handler;
  only?: (seen: Seen) => boolean;
} = {}): Holding {
  const releases: (() => void)[] = [];
  let isOpen = false;
  return {
    handler: async (seen, response, request) => {
      await before(seen, response, request);
      if (!only(seen)) return politeChat(seen, response, request);
      await new Promise<void>((resolve) => {
        releases.push(resolve);
        response.once("close", resolve);
        if (isOpen) resolve();
      });
      if (!response.destroyed && !response.headersSent) await politeChat(seen, response, request);
    },
    held: () => releases.length,
    release: async (index = 0) => {
      await until(() => releases.length > index, `request ${index} is held by the upstream`);
      releases[index]?.();
    },
    releaseAll: () => {
      isOpen = true;
      for (const release of releases) release();
    },
  };
}

/** Waits until so many requests run, so many wait in the queue, and so many do one or the other. */
export async function inLine(
  gateway: Pick<TestGateway, "health">,
  wanted: { active?: number; waiting?: number; total?: number },
  ms?: number,
): Promise<void> {
  await until(
    async () => {
      const { active, waiting } = (await gateway.health()).line;
      const total = active + waiting;
      const now = { active, waiting, total };
      return isDeepStrictEqual({ ...now, ...wanted }, now);
    },
    `the queue has ${JSON.stringify(wanted)}`,
    ms,
  );
}
