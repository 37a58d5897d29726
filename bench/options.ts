import { parseArgs } from "node:util";
import type { Contestant } from "./contestant.ts";
import { loopbackPort } from "./loopback.ts";

export type BenchOptions = {
  /** The length of each measured window. */
  seconds: number;
  json: boolean;
  /** Puts the table into bench/README.md. */
  write: boolean;
  /** The gateway is measured with each of these numbers of workers too. */
  workers: number[];
  /** Further servers that already run in front of some mock of theirs. */
  peers: Contestant[];
};

export const usage = `npm run bench -- [options]
  --seconds N              length of each measured window (6)
  --peer NAME=URL,KEY,PID  also measure a server that runs on 127.0.0.1; may be repeated
  --workers N,N            also measure the gateway with WORKERS=N; the CPU is of all its processes
  --write                  put the table into bench/README.md
  --json                   print everything measured as JSON
  --help`;

/** Reads the command line; null asks for help. Throws with one line where it is wrong. */
export function readOptions(argv: readonly string[]): BenchOptions | null {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seconds: { type: "string", default: "6" },
      workers: { type: "string", default: "" },
      peer: { type: "string", multiple: true, default: [] },
      write: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds <= 600)) throw new Error("--seconds must be from 0 to 600");
  const workers = values.workers.split(",").filter(Boolean).map(Number);
  if (!workers.every((count) => Number.isInteger(count) && count > 0)) {
    throw new Error("--workers must be numbers above 0: --workers 2,4");
  }
  const peers = values.peer.map(peerOf);
  return { seconds, json: values.json, write: values.write, workers, peers };
}

function peerOf(text: string): Contestant {
  const equals = text.indexOf("=");
  const [url = "", key = "", pid = ""] = text.slice(equals + 1).split(",");
  if (equals < 1 || !Number.isInteger(Number(pid))) {
    throw new Error("--peer must be NAME=URL,KEY,PID");
  }
  const port = loopbackPort(url);
  const base = new URL(url).pathname.replace(/\/$/, "");
  const known = { name: text.slice(0, equals), port, base, key, startMs: null };
  return { ...known, pid: pid === "" ? null : Number(pid) };
}
