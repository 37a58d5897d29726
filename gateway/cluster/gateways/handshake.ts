import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import { readLine } from "./read-line.ts";

/** What a connection is for: texts between gateways, or bytes of requests that are passed on. */
export type ConnectionKind = "link" | "pass";

/** By which each side seals what it sends. They are of this connection alone. */
export type SessionKeys = { readonly own: Buffer; readonly other: Buffer };

// The caller:  LLM-GATEWAY/1 link NONCE
// The called:  LLM-GATEWAY/1 NONCE
// The caller:  PROOF
// The called:  PROOF
//
// A proof is the HMAC of its side, the kind and both nonces. So no proof of another connection, of
// the other side or for another kind counts, and a stranger who calls is shown none.

const version = "LLM-GATEWAY/1";
const token = "([A-Za-z0-9_-]{43})";
const called = new RegExp(`^${version} ${token}$`);
const calling = new RegExp(`^${version} (link|pass) ${token}$`);
const proving = new RegExp(`^${token}$`);

/** No line of the handshake is longer. Bytes. */
const longestLine = 128;

/** Proves that this side, which calls, knows the secret. Rejects if the other side does not. */
export async function proveCalling(
  socket: Socket,
  secret: string,
  kind: ConnectionKind,
): Promise<SessionKeys> {
  const nonce = newNonce();
  socket.write(`${version} ${kind} ${nonce}\n`);
  const [, other = ""] = called.exec(await readLine(socket, longestLine)) ?? wrong(socket);
  const hmac = hmacOf(secret, `${kind} ${nonce} ${other}`);
  socket.write(`${hmac("caller").toString("base64url")}\n`);
  await expectProof(socket, hmac("called"));
  return { own: hmac("caller's frames"), other: hmac("called's frames") };
}

/** Of the side that is called: it shows its proof only to a caller that has proved its own. */
export async function proveCalled(
  socket: Socket,
  secret: string,
): Promise<SessionKeys & { kind: ConnectionKind }> {
  const first = calling.exec(await readLine(socket, longestLine)) ?? wrong(socket);
  const [, kind = "", other = ""] = first;
  const nonce = newNonce();
  socket.write(`${version} ${nonce}\n`);
  const hmac = hmacOf(secret, `${kind} ${other} ${nonce}`);
  await expectProof(socket, hmac("caller"));
  socket.write(`${hmac("called").toString("base64url")}\n`);
  return {
    kind: kind === "pass" ? "pass" : "link",
    own: hmac("called's frames"),
    other: hmac("caller's frames"),
  };
}

const newNonce = (): string => randomBytes(32).toString("base64url");

function hmacOf(secret: string, connection: string): (purpose: string) => Buffer {
  return (purpose) =>
    createHmac("sha256", secret).update(`${version} ${purpose} ${connection}`).digest();
}

async function expectProof(socket: Socket, right: Buffer): Promise<void> {
  const [, given = ""] = proving.exec(await readLine(socket, longestLine)) ?? wrong(socket);
  if (!timingSafeEqual(Buffer.from(given, "base64url"), right)) wrong(socket);
}

/** The other side is told nothing. */
function wrong(socket: Socket): never {
  socket.destroy();
  throw new Error("the other side does not know the secret");
}
