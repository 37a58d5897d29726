import type { Socket } from "node:net";

/**
 * Reads one line, without its end. What follows it stays in the socket for the next reader. Rejects
 * when the connection ends first; destroys it if the line is longer than `most` bytes.
 */
export function readLine(socket: Socket, most: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let held: Buffer = Buffer.alloc(0);
    const detach = (): void => {
      socket.off("readable", look);
      socket.off("close", fail);
    };
    function fail(): void {
      detach();
      reject(new Error("the connection ended"));
    }
    function look(): void {
      for (let chunk = readFrom(socket); chunk !== null; chunk = readFrom(socket)) {
        held = Buffer.concat([held, chunk]);
        const end = held.indexOf(10);
        if ((end < 0 ? held.length : end) > most) {
          socket.destroy();
          fail();
          return;
        }
        if (end < 0) continue;
        detach();
        const rest = held.subarray(end + 1);
        if (rest.length > 0) socket.unshift(rest);
        resolve(held.toString("latin1", 0, end));
        return;
      }
    }
    socket.on("close", fail);
    socket.on("readable", look);
    // What the last reader left is not announced again; nor is an end that is past.
    if (socket.destroyed) fail();
    else look();
  });
}

const readFrom = (socket: Socket): Buffer | null => socket.read() as Buffer | null;
