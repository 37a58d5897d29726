import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { ConfigSections, ConfigTarget } from "./foreign.ts";

/**
 * Writes upstreams, routes and models as a config file. Only its owner can read it, since it may
 * hold keys. It is `config.yaml` in `folder`; if a config file is in use, another name beside it.
 * @returns the path
 * @throws Error with one line if the file exists
 */
export function writeConfig(
  sections: ConfigSections,
  { folder, from, inForce }: { folder: string; from: string; inForce: string | null },
): string {
  const file = join(folder, inForce === null ? "config.yaml" : `config.${from}.yaml`);
  if (existsSync(file)) throw new Error(`${file} exists; move it away first`);
  const target = ({ name, model }: ConfigTarget): string | ConfigTarget =>
    model === undefined ? name : { name, model };
  const { upstreams, routes, models } = sections;
  const document = {
    upstreams,
    routes: routes.map(({ model, upstreams: to, fallbacks }) => {
      const [first] = to;
      const isPlain = to.length === 1 && first?.model === undefined;
      return {
        model,
        ...(isPlain ? { upstream: first?.name } : { upstreams: to.map(target) }),
        ...(fallbacks === undefined ? {} : { fallbacks: fallbacks.map(target) }),
      };
    }),
    ...(Object.keys(models).length > 0 ? { models } : {}),
  };
  const text = `# Taken over from ${from}; config.example.yaml explains it.\n${stringify(document)}`;
  writeFileSync(file, text, { mode: 0o600, flag: "wx" });
  return file;
}
