import { shown } from "../kinds/shown.ts";
import type { Settings } from "./settings-table.ts";

const named = "for example upstreams: { gpu1: http://192.168.1.5:8080 } in config.yaml";

/**
 * What is wrong with the settings of a gateway that shares its queue, a line each. All of them must
 * mean one server by one name, so names that each gateway gives by itself are refused.
 */
export function clusterFaults(settings: Settings): string[] {
  const { clusterSecret, clusterUrl, databaseUrl, upstreamUrl, upstreams, workers } = settings;
  if (clusterSecret === null) {
    if (clusterUrl === null) return [];
    const { host, port } = clusterUrl;
    return [
      `CLUSTER_URL=${shown(`${host}:${port}`)}: needs CLUSTER_SECRET, the same on each gateway; ` +
        "make one with: openssl rand -hex 32",
    ];
  }
  const faults: string[] = [];
  if (databaseUrl === null) {
    faults.push(
      "CLUSTER_SECRET=***: needs the PostgreSQL database that all gateways share; " +
        "for example DATABASE_URL=postgres://gateway:password@192.168.1.5/gateway",
    );
  }
  if (workers !== 1) {
    // A worker could not see in the moment of sending that its gateway has lost the slot.
    faults.push(
      `WORKERS=${workers}: must be 1 with CLUSTER_SECRET: ` +
        "start more gateways on this machine instead, each with its own PORT and DATABASE_FILE",
    );
  }
  if (upstreamUrl !== null) {
    const must = "must not be set with CLUSTER_SECRET: name your upstreams in config.yaml";
    faults.push(`UPSTREAM_URL=${shown(upstreamUrl)}: ${must}; ${named}`);
  } else if (upstreams.length === 0) {
    faults.push(`CLUSTER_SECRET=***: needs upstreams with names of their own; ${named}`);
  }
  return faults;
}
