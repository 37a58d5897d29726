import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { installedClients, triesAllClients } from "./installed-clients.ts";

/** The version whose requests are recorded in fixtures/open-webui.json, or a newer one that was tried. */
const version = "0.12.4";

/** What it needs without models of its own: with them it would be three times as large. Bytes. */
const spaceNeeded = 5 * 2 ** 30;
const longestInstallMs = 600_000;

/** Only models that run inside of Open WebUI need these; they bring PyTorch. */
const leftOut = ["accelerate", "sentence-transformers"];

/** Prints what the installed package requires, one a line. */
const printRequirements = `
from importlib.metadata import requires
for one in requires("open-webui"):
    name = one.split("[")[0].split("=")[0].strip()
    if "extra ==" not in one and name not in ${JSON.stringify(leftOut)}:
        print(one)
`;

const run = promisify(execFile);
const options = { timeout: longestInstallMs, maxBuffer: 2 ** 26 };

/**
 * A Python that has Open WebUI: that of OPEN_WEBUI, or where all clients are tried one in the folder of
 * installed clients. Rejects with one line that says why there is none.
 */
export async function pythonWithOpenWebUi(): Promise<string> {
  const given = process.env.OPEN_WEBUI ?? "";
  if (given !== "") return given;
  if (!triesAllClients) {
    throw new Error("OPEN_WEBUI names no Python that has it; npm run test:clients installs it");
  }
  const folder = join(installedClients, "open-webui");
  const python = join(folder, "venv/bin/python");
  const isDone = join(folder, `has-${version}`);
  if (existsSync(isDone)) return python;
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < spaceNeeded) throw new Error("less than 5 GiB of the disk are free");
  await run(await findPython(), ["-m", "venv", join(folder, "venv")], options);
  const pip = (...args: string[]) =>
    run(
      python,
      ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...args],
      options,
    );
  await pip("--no-deps", `open-webui==${version}`);
  const { stdout } = await run(python, ["-c", printRequirements], options);
  const list = join(folder, "requirements.txt");
  writeFileSync(list, stdout);
  await pip("--requirement", list);
  writeFileSync(isDone, "");
  return python;
}

/** It runs with Python 3.11 and 3.12 only. */
async function findPython(): Promise<string> {
  for (const name of ["python3.12", "python3.11", "python3"]) {
    const { stdout } = await run(name, ["--version"]).catch(() => ({ stdout: "" }));
    if (/^Python 3\.1[12]\./.test(stdout)) return name;
  }
  throw new Error("there is no Python 3.11 or 3.12");
}
