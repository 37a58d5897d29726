import { type TestGateway, until } from "./harness.ts";
import { type Handler, politeChat } from "./mock-upstream.ts";

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

/** An upstream that holds each request until the test releases it, and then answers politely. */
export function holding(before: Handler = () => {}): Holding {
  const releases: (() => void)[] = [];
  let isOpen = false;
  return {
    handler: async (seen, response, request) => {
      await before(seen, response, request);
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

/** Waits until so many requests run and so many wait in the queue. */
export async function inLine(
  gateway: Pick<TestGateway, "health">,
  { active, waiting }: { active?: number; waiting?: number },
): Promise<void> {
  const wanted = `${active ?? "any"} run and ${waiting ?? "any"} wait`;
  await until(async () => {
    const { line } = await gateway.health();
    return line.active === (active ?? line.active) && line.waiting === (waiting ?? line.waiting);
  }, wanted);
}
