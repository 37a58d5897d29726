import type { ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Children } from "./children.ts";
import { type Contestant, ready } from "./contestant.ts";
import { freePort, loopback } from "./loopback.ts";

/** Where nginx is; null where it is not installed. Many systems keep it off a user's PATH. */
function findNginx(): string | null {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, "nginx")).find((file) => existsSync(file)) ?? null;
}

/** One process, no access log, nothing buffered: the least a proxy can do. */
function configuration(folder: string, port: number, upstreamPort: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join(" ");
  return `
daemon off; master_process off; worker_processes 1;
pid ${join(folder, "nginx.pid")}; error_log stderr error;
events { worker_connections 1024; }
http {
  access_log off; ${temporary} keepalive_requests 1000000000;
  upstream mock { server ${loopback}:${upstreamPort}; keepalive 256;
    keepalive_requests 1000000000; }
  server {
    listen ${loopback}:${port};
    location / {
      proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; client_max_body_size 64m;
    }
  }
}
`;
}

/** Starts nginx in front of the mock; null where there is none. */
export async function startNginx(
  children: Children,
  folder: string,
  upstreamPort: number,
): Promise<{ contestant: Contestant; child: ChildProcess } | null> {
  const program = findNginx();
  if (program === null) return null;
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const file = join(folder, "nginx.conf");
  writeFileSync(file, configuration(folder, port, upstreamPort));
  const log = join(folder, "nginx.log");
  const output = openSync(log, "w");
  const begun = performance.now();
  const args = ["-p", folder, "-e", "stderr", "-c", file];
  const child = children.spawn(program, args, { cwd: folder, env: {}, output });
  closeSync(output);
  await ready(child, port, "/health", log);
  const startMs = performance.now() - begun;
  const known = { name: "nginx, only proxying", port, key: "none", startMs };
  return { child, contestant: { ...known, pid: child.pid ?? null } };
}
