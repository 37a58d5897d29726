import type { IncomingMessage, ServerResponse } from "node:http";
import { Answer } from "../answer/answer.ts";
import { shuttingDown } from "../errors.ts";
import { createExchange, stopWhenLeft, type Target } from "../exchange.ts";
import { attemptUpstream } from "./attempt.ts";
import { asGatewayError } from "./failure.ts";
import type { RoadParts } from "./parts.ts";
import { readRequest } from "./read-request.ts";
import { refuseOtherModels } from "./refuse-other-models.ts";
import { type Accepted, reserve } from "./reserve.ts";
import { settle } from "./settle.ts";
import { takeTurn } from "./turn.ts";

/**
 * The road of a generation, step by step. Until `reserve` every refusal has its real status and
 * leaves no row; from there on there is one row, one slot at most, and one `settle`.
 */
export async function generation(
  parts: RoadParts,
  request: IncomingMessage,
  response: ServerResponse,
  target: Target,
): Promise<void> {
  const stop = new AbortController();
  const exchange = createExchange(request, target, parts.doors, stop);
  stopWhenLeft(response, stop);
  const answer = new Answer(request, response, exchange, parts.answers(exchange));
  let accepted: Accepted;
  let user: string | null = null;
  try {
    if (parts.draining()) throw shuttingDown();
    const known = parts.authenticate(request);
    const identity = known instanceof Promise ? await known : known;
    user = identity.user;
    const asked = await readRequest(parts.bodies, request, response, exchange);
    refuseOtherModels(identity, asked.fields.model);
    const destination = parts.route(asked.fields.model);
    accepted = reserve(parts, { exchange, identity, asked, destination, stop });
  } catch (cause) {
    // Nothing is in the ledger, and nothing is owed.
    const error = asGatewayError(parts, exchange, cause);
    parts.telemetry.refused({ exchange, user, status: error.status, errorCode: error.code });
    answer.fail(error);
    return;
  }
  parts.underway.set(exchange.id, { user: accepted.identity.user, stop });
  setHeaders(response, accepted.reservation.headers);
  const { model, stream } = accepted.asked.fields;
  const ownResponseId = accepted.destination.upstream.kind === "llamacpp";
  answer.accepted({ model, stream, json: accepted.asked.json, ownResponseId });
  try {
    const outcome = await takeTurn(parts, accepted, answer, async () => {
      await attemptUpstream(parts, accepted, answer);
      const last = answer.complete();
      accepted.meter.ended();
      return last;
    });
    await settle(parts, accepted, answer, outcome);
  } finally {
    parts.underway.delete(exchange.id);
  }
}

/** What is set here goes out with the head, whoever writes it. */
function setHeaders(response: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) response.setHeader(name, headers[name] ?? "");
}
