import { type Finding, fail, reasonOf, skip, warn } from "../../upstreams/inspect/finding.ts";
import { inspectUpstream } from "../../upstreams/inspect/inspect-upstream.ts";
import type { Upstream } from "../../upstreams/upstream.ts";
import { checkGeneration } from "./check-generation.ts";
import { checkOpenServer } from "./check-open-server.ts";
import { modelToTry, type ProbedUpstream } from "./probed-upstreams.ts";

export type UpstreamCheck = {
  /** Whether it may be asked to generate a few words, past the queue. */
  generates: boolean;
  /** Whether doctor runs in a container, where 127.0.0.1 is the container itself. */
  isContainer: boolean;
  timeoutMs: number;
};

const about = "upstream";
const notTried = skip("generates", "Not tried (--no-generate).");

/**
 * Checks one after the other, since they may share a machine. A finding of an upstream with a name
 * starts with that name.
 */
export async function checkUpstreams(
  upstreams: readonly ProbedUpstream[],
  check: UpstreamCheck,
): Promise<Finding[]> {
  if (upstreams.length === 0) {
    const todo = "Set UPSTREAM_URL to your model server.";
    return [warn(about, "No upstream is set: every answer is an echo of the question.", todo)];
  }
  const findings: Finding[] = [];
  for (const upstream of upstreams) {
    const { name } = upstream;
    for (const finding of await checkUpstream(upstream, check)) {
      const ownAbout = finding.about === about ? name : `${name} ${finding.about}`;
      findings.push(name === null ? finding : { ...finding, about: ownAbout ?? about });
    }
  }
  return findings;
}

async function checkUpstream(probed: ProbedUpstream, check: UpstreamCheck): Promise<Finding[]> {
  const { url, capacity } = probed;
  let upstream: Upstream;
  try {
    upstream = probed.open();
  } catch (error) {
    return [fail(about, reasonOf(error), "Correct this setting; the gateway does not start.")];
  }
  try {
    const inspected = { upstream, url, capacity, isNamed: probed.name !== null };
    const { findings, models, slots, probe } = await inspectUpstream(inspected, check);
    if (models === null) return [...findings];
    const needsKey = upstream.key !== null || upstream.passthrough;
    const found = [...findings, ...(needsKey ? [] : await checkOpenServer(url))];
    if (!check.generates) return [...found, notTried];
    const model = modelToTry(models, probed.models);
    return [...found, ...(await checkGeneration(probe, model, slots !== null))];
  } finally {
    await upstream.connections.close();
  }
}
