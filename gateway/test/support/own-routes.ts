import supertest from "supertest";

/** Asks the gateway's own routes (health, metrics, limits, queue, docs) with a key, or without. */
export function ownRoutes(url: string, key?: string): supertest.Agent {
  const agent = supertest.agent(url);
  return key === undefined ? agent : agent.auth(key, { type: "bearer" });
}
