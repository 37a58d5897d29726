/**
 * In a gateway's process: leads the connections to some ports of this machine to others. Two gateways
 * see each other through a network of their own then.
 */
const program = `import { Socket } from "node:net";
const detours = JSON.parse(process.env.TEST_DETOURS);
const { connect } = Socket.prototype;
Socket.prototype.connect = function (...args) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  const port = typeof first === "object" ? detours[first?.port] : undefined;
  if (port !== undefined) first.port = port;
  return connect.apply(this, args);
};`;

/** The environment of a gateway for which port `from` is port `to`. */
export function detourEnv(detours: Readonly<Record<number, number>>): Record<string, string> {
  return {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}`,
    TEST_DETOURS: JSON.stringify(detours),
  };
}
