import { request as ask, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { isPassedOn } from "../../exchange.ts";
import { clientElsewhereLine } from "../client-of.ts";

export type AskOthersParts = {
  /** Where the other gateways are reached. */
  addresses(): readonly string[];
  openPass(address: string): Promise<Socket>;
  /** Whether this is PUBLIC_PORT. */
  isPublicPort(localPort: number | undefined): boolean;
};

/**
 * Asks every other gateway the same, for the same client. Gives the JSON of those that answer with 200
 * in time. A request that another gateway has passed on asks nobody. Never rejects.
 */
export type AskOthers = (request: IncomingMessage) => Promise<unknown[]>;

/** So long a gateway may take to answer. Milliseconds. */
const patienceMs = 2_000;

/** These are about the body, which is not passed, and about the connection. */
const notPassed = new Set([
  ...["connection", "content-encoding", "content-length", "content-type", "expect", "keep-alive"],
  ...["te", "trailer", "transfer-encoding", "upgrade"],
]);

export function createAskOthers({ addresses, openPass, isPublicPort }: AskOthersParts): AskOthers {
  return async (request) => {
    if (isPassedOn(request)) return [];
    const client = clientElsewhereLine(request.socket, isPublicPort(request.socket.localPort));
    const asked = addresses().map(async (address) => {
      const socket = await openPass(address);
      socket.write(client);
      return await answerOver(socket, request);
    });
    const answers = await Promise.allSettled(asked);
    return answers.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  };
}

async function answerOver(socket: Socket, { method, url, rawHeaders }: IncomingMessage) {
  const headers: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    if (!notPassed.has(name.toLowerCase())) headers.push(name, value);
  }
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = ask({
        ...{ method: method ?? "GET", path: url ?? "/", headers, setHost: false },
        ...{ createConnection: () => socket, signal: AbortSignal.timeout(patienceMs) },
      });
      asked.once("response", resolve).once("error", reject).end();
    });
    if (answer.statusCode !== 200) throw new Error(`it answers ${answer.statusCode}`);
    return JSON.parse((await buffer(answer)).toString()) as unknown;
  } finally {
    socket.destroy();
  }
}
