import type { Finding } from "./finding.ts";
import {
  type InspectedUpstream,
  type InspectOptions,
  inspectUpstream,
} from "./inspect-upstream.ts";

/** What a look at the upstreams of a running gateway found: warnings and failures alone. */
export type StartFindings = {
  /** Of all upstreams, in the order of the settings. */
  current(): readonly Finding[];
  /** Looks at one, or at all of them. Settles when they are looked at; never rejects. */
  look(name?: string): Promise<void>;
};

export type StartFindingsOptions = InspectOptions & {
  readonly inspected: readonly InspectedUpstream[];
  /** Called once for each new finding. */
  readonly tell: (finding: Finding) => void;
};

/**
 * Looks at the upstreams at the start, and again when one comes or goes, with the questions of
 * doctor. A finding is told once, until it is gone and comes back.
 */
export function createStartFindings(options: StartFindingsOptions): StartFindings {
  const { inspected, tell } = options;
  const found = new Map<string, readonly Finding[]>();
  const looking = new Map<string, Promise<void>>();

  async function lookAt(one: InspectedUpstream): Promise<void> {
    const { name } = one.upstream;
    const { findings } = await inspectUpstream(one, options);
    const before = new Set((found.get(name) ?? []).map(({ says }) => says));
    const now = findings
      .filter(({ state }) => state === "warn" || state === "fail")
      .map((finding) => (one.isNamed ? { ...finding, says: `${name}: ${finding.says}` } : finding));
    found.set(name, now);
    for (const finding of now) if (!before.has(finding.says)) tell(finding);
  }

  /** One look at a time for each upstream. */
  function look(one: InspectedUpstream): Promise<void> {
    const { name } = one.upstream;
    const running = looking.get(name);
    if (running !== undefined) return running;
    const started = lookAt(one)
      .catch(() => {})
      .finally(() => looking.delete(name));
    looking.set(name, started);
    return started;
  }

  return {
    current: () => inspected.flatMap(({ upstream }) => found.get(upstream.name) ?? []),
    async look(name) {
      const wanted = inspected.filter((one) => name === undefined || one.upstream.name === name);
      await Promise.all(wanted.map(look));
    },
  };
}
