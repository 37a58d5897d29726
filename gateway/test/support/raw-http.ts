import { connect } from "node:net";

/** Sends bytes on a bare connection and gives all that comes back until it closes or `ms` pass. */
export async function rawHttp(
  port: number,
  pieces: readonly (string | Buffer)[],
  ms = 5_000,
): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  let answer = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    answer += text;
  });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  for (const piece of pieces) socket.write(piece);
  const timer = setTimeout(() => socket.destroy(), ms);
  await closed;
  clearTimeout(timer);
  return answer;
}

/** The status of a raw answer; 0 where there is none. */
export const statusOf = (answer: string): number => Number(answer.slice(9, 12));
