import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where an agent runs: its own home, and the gateway that it asks. */
export type AgentPlace = {
  readonly home: string;
  readonly url: string;
  readonly key: string;
  /** The folder that the agents are installed in. */
  readonly installed: string;
};

/** A coding agent, as its users start it without a terminal. */
export type Agent = {
  readonly name: string;
  /** Its package, and where that is from. */
  readonly package: string;
  readonly from: "npm" | "PyPI";
  /** The API that it speaks. */
  readonly api: string;
  /** Writes its configuration; gives its command and its environment. */
  prepare(
    place: AgentPlace,
    prompt: string,
  ): {
    readonly command: readonly string[];
    readonly env: Readonly<Record<string, string>>;
  };
};

/** Packages bring their program for this machine in a package of its own. */
const platform = `${process.platform}-${process.arch}`;

function write(home: string, file: string, text: string): void {
  mkdirSync(join(home, file, ".."), { recursive: true });
  writeFileSync(join(home, file), text);
}

const claude: Agent = {
  name: "Claude Code",
  package: "@anthropic-ai/claude-code",
  from: "npm",
  api: "Messages",
  prepare: ({ url, key, installed }, prompt) => ({
    command: [
      join(installed, `node_modules/@anthropic-ai/claude-code-${platform}/claude`),
      ...["-p", prompt, "--model", "mock", "--allowedTools", "Read,Edit,Write,Bash"],
    ],
    env: {
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_AUTH_TOKEN: key,
      ANTHROPIC_SMALL_FAST_MODEL: "mock",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      DISABLE_AUTOUPDATER: "1",
    },
  }),
};

const codex: Agent = {
  name: "Codex CLI",
  package: "@openai/codex",
  from: "npm",
  api: "Responses",
  prepare({ home, url, key, installed }, prompt) {
    write(
      home,
      ".codex/config.toml",
      [
        'model = "mock"',
        'model_provider = "gateway"',
        "check_for_update_on_startup = false",
        "[analytics]",
        "enabled = false",
        "[model_providers.gateway]",
        'name = "LLM gateway"',
        `base_url = "${url}/v1"`,
        'env_key = "GATEWAY_KEY"',
        'wire_api = "responses"',
      ].join("\n"),
    );
    return {
      command: [
        ...["node", join(installed, "node_modules/@openai/codex/bin/codex.js"), "exec"],
        ...["--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", prompt],
      ],
      env: { CODEX_HOME: join(home, ".codex"), GATEWAY_KEY: key },
    };
  },
};

const gemini: Agent = {
  name: "Gemini CLI",
  package: "@google/gemini-cli",
  from: "npm",
  api: "Gemini",
  prepare({ home, url, key, installed }, prompt) {
    write(
      home,
      ".gemini/settings.json",
      JSON.stringify({
        security: { auth: { selectedType: "gemini-api-key" } },
        privacy: { usageStatisticsEnabled: false },
        general: { enableAutoUpdate: false },
      }),
    );
    return {
      command: [
        ...["node", join(installed, "node_modules/@google/gemini-cli/bundle/gemini.js")],
        ...["--model", "mock", "--yolo", "--skip-trust", "--prompt", prompt],
      ],
      env: { GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: key },
    };
  },
};

const opencode: Agent = {
  name: "opencode",
  package: "opencode-ai",
  from: "npm",
  api: "chat",
  prepare({ home, url, key, installed }, prompt) {
    const options = { baseURL: `${url}/v1`, apiKey: key };
    write(
      home,
      ".config/opencode/opencode.json",
      JSON.stringify({
        autoupdate: false,
        share: "disabled",
        permission: "allow",
        model: "gateway/mock",
        provider: {
          gateway: {
            npm: "@ai-sdk/openai-compatible",
            name: "LLM gateway",
            options,
            models: { mock: {} },
          },
        },
      }),
    );
    return {
      command: [join(installed, `node_modules/opencode-${platform}/bin/opencode`), "run", prompt],
      env: { XDG_CONFIG_HOME: join(home, ".config"), OPENCODE_DISABLE_MODELS_FETCH: "1" },
    };
  },
};

const qwen: Agent = {
  name: "qwen-code",
  package: "@qwen-code/qwen-code",
  from: "npm",
  api: "chat",
  prepare({ home, url, key, installed }, prompt) {
    write(
      home,
      ".qwen/settings.json",
      JSON.stringify({ privacy: { usageStatisticsEnabled: false } }),
    );
    return {
      command: [
        ...["node", join(installed, "node_modules/@qwen-code/qwen-code/cli-entry.js")],
        ...["--auth-type", "openai", "--model", "mock", "--yolo", "--prompt", prompt],
      ],
      env: { OPENAI_BASE_URL: `${url}/v1`, OPENAI_API_KEY: key, OPENAI_MODEL: "mock" },
    };
  },
};

const cline: Agent = {
  name: "Cline CLI",
  package: "cline",
  from: "npm",
  api: "chat",
  prepare({ home, url, key, installed }, prompt) {
    const provider = "openai-compatible";
    const settings = { provider, apiKey: key, model: "mock", baseUrl: `${url}/v1` };
    write(
      home,
      ".cline/data/settings/providers.json",
      JSON.stringify({
        version: 1,
        lastUsedProvider: provider,
        modes: {},
        providers: {
          [provider]: { settings, updatedAt: "2026-11-28T00:00:00.000Z", tokenSource: "manual" },
        },
      }),
    );
    return {
      command: [join(installed, `node_modules/@cline/cli-${platform}/bin/cline`), prompt],
      env: {},
    };
  },
};

const continueCli: Agent = {
  name: "Continue CLI",
  package: "@continuedev/cli",
  from: "npm",
  api: "chat",
  prepare({ home, url, key, installed }, prompt) {
    const config = join(home, ".continue/config.yaml");
    const model = { name: "mock", provider: "openai", model: "mock", apiBase: `${url}/v1` };
    const models = [{ ...model, apiKey: key, roles: ["chat"], capabilities: ["tool_use"] }];
    // JSON is YAML too.
    write(
      home,
      ".continue/config.yaml",
      JSON.stringify({ name: "gateway", version: "1.0.0", schema: "v1", models }),
    );
    return {
      command: [
        ...["node", join(installed, "node_modules/@continuedev/cli/dist/cn.js")],
        ...["--print", "--auto", "--config", config, prompt],
      ],
      env: { CONTINUE_TELEMETRY_ENABLED: "0" },
    };
  },
};

/** It offers no tools: it sends the file, reads the edit from the text, and runs its own test. */
const aider: Agent = {
  name: "Aider",
  package: "aider-chat",
  from: "PyPI",
  api: "chat",
  prepare: ({ url, key, installed }, prompt) => ({
    command: [
      join(installed, "venv/bin/aider"),
      ...["--model", "openai/mock", "--edit-format", "diff", "--yes-always", "--no-git"],
      ...["--no-check-update", "--no-show-model-warnings", "--analytics-disable"],
      ...["--auto-test", "--test-cmd", "cp note.txt note.txt.done"],
      ...["--message", prompt, "note.txt"],
    ],
    env: {
      OPENAI_API_BASE: `${url}/v1`,
      OPENAI_API_KEY: key,
      LITELLM_LOCAL_MODEL_COST_MAP: "True",
    },
  }),
};

/** The agents that are tried. */
export const agents: readonly Agent[] = [
  ...[claude, codex, gemini, opencode, qwen],
  ...[cline, continueCli, aider],
];
