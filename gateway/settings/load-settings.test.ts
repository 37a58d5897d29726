import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LoadedSettings, loadSettings, loadSome } from "./load-settings.ts";
import { SettingsError } from "./settings-error.ts";
import { allSettings, settingsTable } from "./settings-table.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "settings-"));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function load(env: Record<string, string> = {}, argv: string[] = []): LoadedSettings {
  return loadSettings({ argv, env, cwd });
}

function write(file: string, text: string): void {
  mkdirSync(join(cwd, file, ".."), { recursive: true });
  writeFileSync(join(cwd, file), text);
}

function faultsOf(env: Record<string, string> = {}, argv: string[] = []): readonly string[] {
  try {
    load(env, argv);
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
  return [];
}

describe("what is hardly meant", () => {
  test("is a setting that is mistyped; its value is not told", () => {
    write(".env", "MAX_CONCURENT=sk-secret\nMAX_QEUUE=\n");
    expect(load({ PROT_: "1", PROXY_PRT: "1" }).doubts).toEqual([
      "PROXY_PRT (environment) is no setting: did you mean PROXY_PORT?",
      "MAX_CONCURENT (.env) is no setting: did you mean MAX_CONCURRENT?",
    ]);
  });

  test("is no name of compose's or the tunnel's, nor one that the config file asks for", () => {
    const compose = "TUNNEL_TOKEN GATEWAY_UID GATEWAY_GID GATEWAY_MEMORY LLAMA_MODEL LLAMA_IMAGE";
    const monitoring =
      "PROMETHEUS_VERSION PROMETHEUS_KEEP GRAFANA_VERSION GRAFANA_HOST GRAFANA_PORT";
    const names = `${compose} LLAMA_CONTEXT WEBUI_KEY WEBUI_JWT_SECRET WEBUI_PORT WEBUI_VERSION CONFIG_FILE ${monitoring}`;
    const lines = [
      ...names.split(" ").map((name) => `${name}=config.yaml`),
      "OPENAI_API_KEY2=x",
      "HOME=/x",
    ];
    write(".env", `${lines.join("\n")}\nPORT=1\nPROXY_PORT=1\n`);
    write("config.yaml", `upstreams: { a: { url: "http://x", key: "\${OPENAI_API_KEY2}" } }`);
    expect(load().doubts).toEqual([]);
  });

  test("is a line of .env that is no NAME=VALUE, told by its number alone", () => {
    write(".env", "# ours\nPORT: 8123\nUPSTREAM_URL: http://x/?a=b\nMAX_QUEUE=5\nsk-secret\n");
    expect(load().doubts).toEqual([
      ".env lines 2, 3, 5 are not NAME=VALUE and count for nothing: write PORT=8000, not PORT: 8000",
    ]);
    write(".env", "PORT 1\r\n".repeat(9));
    expect(load().doubts).toEqual([
      expect.stringMatching(/^\.env lines 1, 2, 3, 4, 5 and 4 more /),
    ]);
    write(".env", "\uFEFFPORT: 1");
    expect(load().doubts).toEqual([expect.stringMatching(/^\.env line 1 is not NAME=VALUE/)]);
  });

  test("is no line that .env may have", () => {
    const lines = [
      "",
      "  # PORT: 1",
      "export PORT = 1",
      "export API_USER='bob'  # he: x",
      'LINES="one',
      "two: 2",
      "# three",
      '"',
      "OPEN='not closed",
      "EMPTY=",
      "a.dotted-name=1",
    ];
    for (const end of ["\n", "\r\n"]) {
      write(".env", lines.join(end));
      expect(load().doubts).toEqual([]);
    }
  });

  test("is more workers than there are cores", () => {
    expect(load({ WORKERS: "256" }).doubts).toEqual([
      expect.stringMatching(/^WORKERS=256 gains nothing over \d+: this machine has .*cores?$/),
    ]);
    expect(load({}, ["--workers", "1"]).doubts).toEqual([]);
    expect(load({ WORKERS: "auto" }).settings.workers).toBe("auto");
  });

  test("is what counts for nothing without another setting", () => {
    expect(load({ USER_HEADER: "user" }).doubts).toMatchObject([
      expect.stringContaining("TRUSTED_PROXIES"),
    ]);
    expect(load({ USER_HEADER: "user", TRUSTED_PROXIES: "10.0.0.1" }).doubts).toEqual([]);
    expect(load({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://otel:4317" }).doubts).toMatchObject([
      expect.stringMatching(/^OTEL_EXPORTER_OTLP_ENDPOINT: port 4317 .* 4318$/),
    ]);
    expect(load({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://otel:4318" }).doubts).toEqual([]);
    expect(load({ JWT_AUDIENCE: "x" }).doubts[0]).toMatch(/^JWT_AUDIENCE .* JWT_JWKS_URL or/);
    expect(load({ JWT_AUDIENCE: "x", JWT_SECRET: "s".repeat(32) }).doubts).toEqual([]);
  });
});

test("nothing configured gives the defaults", () => {
  const { settings, sources, configFile, doubts } = load();
  expect(doubts).toEqual([]);
  expect(settings).toMatchObject({
    port: 8000,
    host: null,
    publicPort: null,
    metricsPort: null,
    upstreamUrl: null,
    upstreamApiKey: null,
    usersFile: "data/users.json",
    databaseFile: "data/gateway.db",
    logLevel: "info",
    maxConcurrent: 1,
    maxQueue: null,
    queueEvents: "chunk",
    apiKey: null,
    apiUser: "admin",
    connectTimeoutMs: 10_000,
    firstByteTimeoutMs: 600_000,
    idleTimeoutMs: 300_000,
    totalTimeoutMs: null,
    maxBodyBytes: 33_554_432,
    jsonKeepAliveLanMs: 240_000,
  });
  expect(Object.keys(settings)).toEqual(Object.keys(settingsTable));
  expect(new Set(Object.values(sources).map(({ from }) => from))).toEqual(new Set(["default"]));
  expect(configFile).toBeNull();
});

describe("precedence", () => {
  test("a flag wins over the environment, that over .env, that over the config file", () => {
    write("config.yaml", "port: 1\n");
    expect(load()).toMatchObject({
      settings: { port: 1 },
      sources: { port: { from: "config.yaml" } },
    });
    write(".env", "PORT=2\n");
    expect(load()).toMatchObject({ settings: { port: 2 }, sources: { port: { from: ".env" } } });
    const env = { PORT: "3" };
    expect(load(env)).toMatchObject({
      settings: { port: 3 },
      sources: { port: { from: "environment" } },
    });
    expect(load(env, ["--port", "4"])).toMatchObject({
      settings: { port: 4 },
      sources: { port: { from: "--port" } },
    });
    expect(load(env, ["--port=4", "--port=5"]).settings.port).toBe(5);
  });

  test("an alias in the environment wins over the setting's own name in .env", () => {
    write(".env", "PORT=2\n");
    expect(load({ PROXY_PORT: "3" }).settings.port).toBe(3);
  });

  test("the own name wins over an alias beside it", () => {
    expect(load({ PORT: "2", PROXY_PORT: "3" }).settings.port).toBe(2);
  });

  test("a flag wins over every name in the environment, and aliases have an order", () => {
    const env = { BACKEND_URL: "http://second", VLLM_BASE_URL: "http://third" };
    expect(load(env, ["--base-url", "http://flag/v1/"]).settings.upstreamUrl).toBe("http://flag");
    expect(load({ ...env, UPSTREAM_URL: "http://own" }).settings.upstreamUrl).toBe("http://own");
    expect(load(env).settings.upstreamUrl).toBe("http://second");
    expect(load({ PROXY_PORT: "3" }, ["--port", "4"]).settings.port).toBe(4);
    write("config.yaml", "api_key: from-the-file\n");
    expect(load({ AUTHORIZATION: "bearer from-the-alias" }).settings.apiKey).toBe("from-the-alias");
    expect(load().settings.apiKey).toBe("from-the-file");
  });

  test("an empty value is none, at every level", () => {
    write("config.yaml", "port: 7\nhost:\nmax_queue: ''\n");
    write(".env", "PORT=\n");
    const { settings } = load({ PORT: " ", PROXY_PORT: "", UPSTREAM_URL: "" });
    expect(settings).toMatchObject({ port: 7, host: null, maxQueue: null, upstreamUrl: null });
  });
});

describe("the environment", () => {
  test.each([
    ["BACKEND_URL", "http://box/v1", "upstreamUrl", "http://box"],
    ["VLLM_BASE_URL", "http://box/v1", "upstreamUrl", "http://box"],
    ["PROXY_PORT", "81", "port", 81],
    ["AUTHORIZATION", "Bearer made-up", "apiKey", "made-up"],
  ] as const)("%s is read too", (name, text, property, value) => {
    const { settings, sources } = load({ [name]: text });
    expect(settings[property]).toBe(value);
    expect(sources[property].name).toBe(name);
  });

  test(".env takes quotes, comments and Windows line ends, and leaves process.env alone", () => {
    write(".env", '\uFEFF# ours\r\nAPI_USER="bob"\r\nMAX_QUEUE=5 # few\r\nSETTINGS_PROBE=1\r\n');
    expect(load().settings).toMatchObject({ apiUser: "bob", maxQueue: 5 });
    expect(process.env.SETTINGS_PROBE).toBeUndefined();
  });

  test(".env that is a directory is one line", () => {
    mkdirSync(join(cwd, ".env"));
    expect(faultsOf()).toEqual([".env: cannot be read (EISDIR); make it a readable file"]);
  });
});

describe("the result", () => {
  test("is frozen", () => {
    const { settings, sources } = load({ PORT: "1" });
    expect(Object.isFrozen(settings) && Object.isFrozen(sources)).toBe(true);
    expect(Object.values(sources).every((source) => Object.isFrozen(source))).toBe(true);
    for (const value of Object.values(settings)) {
      expect(typeof value !== "object" || Object.isFrozen(value)).toBe(true);
    }
  });
});

describe("a wrong value", () => {
  test("is one line with setting, value, source and fix", () => {
    expect(faultsOf({ PORT: "99999" })).toEqual([
      "PORT=99999 (environment): must be a whole number from 1 to 65535 (0: any free port); for example PORT=8000",
    ]);
  });

  test("is told in the words of its place", () => {
    write("config.yaml", "# ours\nport: x\n");
    expect(faultsOf()[0]).toMatch(/^port: x \(config\.yaml line 2, column 7\): .*port: 8000$/);
    write(".env", "PROXY_PORT=y\n");
    expect(faultsOf()[0]).toMatch(/^PROXY_PORT=y \(\.env\): .*PROXY_PORT=8000$/);
    expect(faultsOf({}, ["--port", "z"])[0]).toMatch(/^--port=z \(command line\): .*--port=8000$/);
  });

  test.each(Object.values(settingsTable).map(({ env }) => env))(
    "%s stops the start with a line of its own",
    (name) => {
      const faults = faultsOf({ [name]: "\u0001 ://" });
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatch(/^[A-Z_]+=\S.* \(environment\): must .*; for example [A-Z_]+=\S+$/);
    },
  );

  test("does not hide another", () => {
    expect(faultsOf({ PORT: "x", MAX_QUEUE: "y", LOG_LEVEL: "loud" })).toHaveLength(3);
  });

  test("stays on one line whatever it holds", () => {
    const [fault = ""] = faultsOf({ MAX_QUEUE: `a\nb\u001b[31m${"c".repeat(5_000)}` });
    expect(fault).not.toMatch(/\p{Cc}/u);
    expect(fault.length).toBeLessThan(250);
  });

  test("that is the port of another is refused, any free port is not", () => {
    expect(faultsOf({ PORT: "81", METRICS_PORT: "81" })[0]).toContain("METRICS_PORT=81");
    expect(faultsOf({ PUBLIC_PORT: "8000" })[0]).toContain("PUBLIC_PORT=8000");
    expect(faultsOf({ PUBLIC_PORT: "91", METRICS_PORT: "91" })[0]).toContain("METRICS_PORT=91");
    expect(faultsOf({ PORT: "0", PUBLIC_PORT: "0", METRICS_PORT: "0" })).toEqual([]);
  });
});

describe("a secret is never repeated", () => {
  const secret = "made-up-secret";
  test.each([
    [{ API_KEY: `two ${secret}` }, []],
    [{ AUTHORIZATION: `Basic ${secret}` }, []],
    [{ UPSTREAM_API_KEY: `two ${secret}` }, []],
    [{ UPSTREAM_URL: `http://bob:${secret}@box` }, []],
    [{ UPSTREAM_URL: `http://box/?key=${secret}` }, []],
    [{ UPSTREAM_URL: `ftp://bob:${secret}@box` }, []],
    [{ API_USER: `sk-${secret}` }, []],
    [{ PORT: `Bearer ${secret}` }, []],
    [{}, [`sk-${secret}`]],
    [{}, ["--api-key", secret]],
    [{}, [`--api-key=${secret}`]],
  ])("%#: %o %o", (env: Record<string, string>, argv) => {
    const faults = faultsOf(env, argv);
    expect(faults).toHaveLength(1);
    expect(faults.join()).not.toContain(secret);
  });

  test.each([
    `api_key: "${"made-up-secret"}`,
    "api_key: *made-up-secret\n",
    "api_key: [made-up-secret]\n",
    "api_key: two made-up-secret\n",
    "api_key: made-up-secret: x\n",
    "made-up-secret\n",
  ])("not from the config file either: %#", (text) => {
    write("config.yaml", text);
    expect(faultsOf()).toHaveLength(1);
    expect(faultsOf().join()).not.toContain(secret);
  });

  test("the sources of right settings do not hold it", () => {
    const { settings, sources } = load({ API_KEY: secret, UPSTREAM_API_KEY: secret });
    expect(settings.apiKey).toBe(secret);
    expect(JSON.stringify(sources)).not.toContain(secret);
  });
});

describe("flags", () => {
  test("an unknown one names the nearest", () => {
    expect(faultsOf({}, ["--prot", "1"])).toEqual([
      "--prot: no such flag (did you mean --port?); see --help",
    ]);
  });

  test("one without a value, and a loose word, are refused", () => {
    expect(faultsOf({}, ["--port"])).toEqual(["--port: needs a value"]);
    expect(faultsOf({}, ["--port="])).toEqual(["--port: needs a value"]);
    expect(faultsOf({}, ["80"])).toEqual(["a word on the command line is no flag; see --help"]);
  });

  const withFlag = allSettings.filter(([, { flag }]) => flag !== undefined);

  test("--port and --base-url are among them", () => {
    const flags = withFlag.map(([, { flag }]) => flag);
    expect(flags).toEqual(expect.arrayContaining(["--port", "--base-url"]));
  });

  test.each(withFlag)("for %s there is one, which wins over the environment", (name, setting) => {
    const { flag = "", env } = setting;
    const text = ("example" in setting && setting.example) || setting.default;
    const { sources } = load({ [env]: setting.default }, [flag, text]);
    expect(sources[name as keyof typeof sources]).toMatchObject({ from: flag, text });
  });

  test("none takes a secret", () => {
    const secrets = allSettings.filter(([, { secret }]) => secret);
    expect(secrets.length).toBeGreaterThan(1);
    expect(secrets.filter(([, { flag }]) => flag !== undefined)).toEqual([]);
  });
});

test("another OTLP protocol is refused where there is a collector, and only there", () => {
  const env = { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
  expect(load(env).settings.otlpProtocol).toBe("grpc");
  expect(faultsOf({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: "http://otel:4318" })).toEqual([
    expect.stringMatching(/^OTEL_EXPORTER_OTLP_PROTOCOL=grpc: must be http\/protobuf/),
  ]);
});

describe("some settings alone", () => {
  const given = (env: Record<string, string> = {}) => ({ argv: [], env, cwd });

  test("come from the same places as all of them", () => {
    write("config.yaml", "users_file: there.json\nport: 1\n");
    const env = { PORT: "2" };
    expect(loadSome(["usersFile", "port"], given(env))).toEqual({
      usersFile: "there.json",
      port: 2,
    });
  });

  test("are read where another is wrong, which still stops a start", () => {
    write(
      "config.yaml",
      `database_file: there.db\nmax_queue: many\nupstream_api_key: \${NOT_SET}\n` +
        `upstreams: { gpu1: { url: http://127.0.0.1:1, key: '\${NOT_SET_EITHER}' } }\n`,
    );
    expect(loadSome(["databaseFile"], given()).databaseFile).toBe("there.db");
    expect(faultsOf()).toHaveLength(3);
  });

  test("must be right themselves, and so must be the shape of the file they stand in", () => {
    write("config.yaml", "port: none\n");
    expect(() => loadSome(["port"], given())).toThrow(/port: none/);
    write("config.yaml", "user_file: there.json\n");
    expect(() => loadSome(["usersFile"], given())).toThrow(/did you mean users_file/);
  });
});

test.each([
  ["with the little end first", "fffe", false],
  ["with the big end first", "feff", true],
])("reads a .env in UTF-16 %s, as Windows writes it", (_name, mark, isSwapped) => {
  const text = Buffer.from("MAX_QUEUE=5\r\nAPI_USER=bob\r\n", "utf16le");
  const bytes = Buffer.concat([Buffer.from(mark, "hex"), isSwapped ? text.swap16() : text]);
  writeFileSync(join(cwd, ".env"), bytes);
  expect(load().settings).toMatchObject({ maxQueue: 5, apiUser: "bob" });
});
