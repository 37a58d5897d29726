import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { mutants } from "../../test/support/cluster-sim/mutants.ts";

const program = join(import.meta.dirname, "../../test/support/cluster-sim/run-mutant.ts");
/** So many seeds are tried at most. Most mutants need fewer than ten. */
const most = "400";

const run = promisify(execFile);

describe("the rules of the simulation notice that", () => {
  it.concurrent.for(mutants)("$name", { timeout: 300_000 }, async ({ name }) => {
    const { stdout } = await run(process.execPath, [program, name, most]);
    expect(JSON.parse(stdout)).toMatchObject({ fault: expect.any(String) });
  });
});
