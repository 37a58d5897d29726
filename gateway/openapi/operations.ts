import type { Operation } from "./operation.ts";
import { gatewayOperations } from "./operations-gateway.ts";
import { llamaOperations } from "./operations-llama.ts";
import { modelOperations } from "./operations-models.ts";
import { openRouterOperations } from "./operations-openrouter.ts";
import { peopleOperations } from "./operations-people.ts";

/** Every method on every path, in the order people are told of them. */
export const operations: readonly Operation[] = [
  ...modelOperations,
  ...llamaOperations,
  ...openRouterOperations,
  ...gatewayOperations,
  ...peopleOperations,
];
