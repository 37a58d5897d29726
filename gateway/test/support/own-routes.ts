import supertest from "supertest";
import type { TestGateway } from "./harness.ts";

/** Asks the gateway's own routes: as one of its users, or without a key. */
export function ownRoutes(gateway: TestGateway, user?: string): supertest.Agent {
  const agent = supertest.agent(gateway.url);
  return user === undefined ? agent : agent.auth(gateway.keys[user] ?? "", { type: "bearer" });
}
