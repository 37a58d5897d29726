import { allSettings } from "../settings/settings-table.ts";

/** What `--help` prints: the commands, and the flags of `serve` from the table of settings. */
export function helpText(): string {
  const flags = allSettings.flatMap(([, { flag, env, about }]) =>
    flag === undefined ? [] : [row(`${flag} VALUE`, `${about} (${env})`)],
  );
  return [
    "llm-gateway: a key for each person, one fair line, honest accounts",
    "",
    "  node gateway/main.ts [serve] [flags]   runs the gateway",
    "  node gateway/main.ts users ...         who may use it (see users --help)",
    "  node gateway/main.ts usage ...         who used how much (see usage --help)",
    "  node gateway/main.ts queue ...         who runs and who waits (see queue --help)",
    "  node gateway/main.ts config check      the settings in force, and where each came from",
    "  node gateway/main.ts doctor            what is wrong, and what to do about it",
    "  node gateway/main.ts backup, restore   users, settings and accounts, in one file",
    "  node gateway/main.ts migrate ...       from the Python original, LiteLLM, llama-swap",
    "  node gateway/main.ts --version",
    "",
    "Flags of serve and config check:",
    row("--config FILE", "the config file (CONFIG_FILE; else data/config.yaml, config.yaml)"),
    ...flags,
    "",
    "Flags win over the environment, that over .env, the config file and the defaults.",
    ".env.example and config.example.yaml name every setting. No flag takes a key.",
  ].join("\n");
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(23)}${right}`;
}
