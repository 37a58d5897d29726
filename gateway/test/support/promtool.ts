import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why promtool cannot run here, in one line; null if it can. */
export function promtoolIsMissing(): string | null {
  try {
    execFileSync("promtool", ["--version"], { stdio: "ignore" });
    return null;
  } catch {
    return "not run: promtool is missing (apt-get install prometheus)";
  }
}

/** What `promtool` says of a file; rejects nothing, and gives its exit status. */
export function promtool(argv: readonly string[]): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync("promtool", argv, { encoding: "utf8" });
  return { status, said: stdout + stderr };
}

/** A scrape of a gateway: the text of /metrics, and when it was read (epoch ms); null: no answer. */
export type Scrape = { readonly text: string; readonly at: number } | null;

/** Minutes for which the state of the scrape lasts, and after which the alerts are asked. */
const [lasts, asked] = [120, 100];

/**
 * Evaluates the alerts over a gateway that stays as it was when it was scraped. The time of the
 * evaluation begins with 0, so points in time move with it.
 * @returns null if exactly these alerts fire, else what promtool says
 */
export function otherAlertsThan(
  expected: readonly string[],
  alerts: string,
  scrape: Scrape,
): string | null {
  const home = 'instance="gateway:8000",job="llm-gateway"';
  const up = { series: `up{${home}}`, values: repeated(scrape === null ? 0 : 1) };
  const own =
    scrape === null ? [] : [...scrape.text.matchAll(/^(llm_gateway_\w+)(?:\{(.*)\})? (\S+)$/gm)];
  const series = own.map(([, name = "", labels, written]) => {
    const value = Number(written === "Nan" ? "NaN" : written);
    const isTime = name.endsWith("_timestamp_seconds");
    return {
      series: `${name}{${labels === undefined ? "" : `${labels},`}${home}}`,
      values: repeated(isTime ? value - (scrape?.at ?? 0) / 1000 : value),
    };
  });
  const test = {
    interval: "1m",
    input_series: [up, ...series],
    promql_expr_test: [
      {
        expr: 'group by (alertname) (ALERTS{alertstate="firing"})',
        eval_time: `${asked}m`,
        exp_samples: expected.map((name) => ({ labels: `{alertname="${name}"}`, value: 1 })),
      },
    ],
  };
  using folder = mkdtempDisposableSync(join(tmpdir(), "alerts-"));
  const file = join(folder.path, "test.yml");
  // JSON is YAML.
  writeFileSync(
    file,
    JSON.stringify({ rule_files: [alerts], evaluation_interval: "1m", tests: [test] }),
  );
  const { status, said } = promtool(["test", "rules", file]);
  return status === 0 ? null : said;
}

const repeated = (value: number): string =>
  Array.from({ length: lasts }, () => String(value)).join(" ");
