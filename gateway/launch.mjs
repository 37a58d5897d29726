// What npm runs. A Node that is too old prints one line here; main.ts would end in a stack trace.
const major = Number(process.versions.node.split(".")[0]);
if (major < 24) {
  process.stderr.write(
    `llm-gateway: needs Node 24 or newer, and this is v${process.versions.node}. ` +
      "`npm ci` brings it for Linux and macOS, unless it is told --omit=optional; " +
      "or install it from https://nodejs.org\n",
  );
  process.exit(1);
}
await import("./main.ts");
