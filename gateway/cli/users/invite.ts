import { duration } from "../../kinds/duration.ts";
import { readText } from "../../kinds/kind.ts";
import { loadSome } from "../../settings/load-settings.ts";
import { createInvites } from "../../users/invites.ts";
import { addressesOf } from "../addresses.ts";
import { type Command, command } from "../frame/command.ts";
import type { Surroundings } from "../frame/surroundings.ts";
import { UsageError } from "../frame/usage-error.ts";
import { readAddress } from "../gateway-address.ts";
import { listChanges } from "./edit-users.ts";
import { fieldsFrom } from "./fields-from.ts";
import { commonOptions, usersFileOf } from "./users-file.ts";

const life = duration(60_000, 90 * 86_400_000);

/** `users invite NAME`: a link by which a new user gets their key. */
export const invite: Command = command({
  name: "users invite",
  summary: "makes a link, for one use, by which a new user gets a key",
  operands: ["NAME"],
  options: {
    role: { type: "string", value: "ROLE", about: "user, admin, or a role of limits: roles:" },
    models: { type: "string", value: "LIST", about: "the models they may use: 'qwen*,llama-?'" },
    weight: { type: "string", value: "N", about: "the share of the user: 2 is double" },
    priority: { type: "string", value: "N", about: "higher numbers start first" },
    "expires-in": {
      type: "string",
      value: "TIME",
      default: "7d",
      about: "how long the link works: 24h, 7d (default)",
    },
    url: { type: "string", value: "URL", about: "the gateway's address, as the new user sees it" },
    ...commonOptions,
  },
  async run({ values, operands: [user = ""] }, surroundings) {
    const { now, out, say, screen } = surroundings;
    const file = usersFileOf(values, surroundings);
    const base = baseOf(values.url, surroundings);
    const read = readText(life, values["expires-in"]);
    if (read.fault !== null) throw new UsageError(`--expires-in ${read.fault}`);
    const fields = { user, ...fieldsFrom(values) };
    const ends = now() + read.value;
    const { invite: made, secret } = await createInvites(file).make(fields, ends, now());
    const { id } = made;
    await listChanges(values, surroundings, () => [
      {
        ...{ action: "invite.make", subject: user, before: null },
        after: { object: "invite", id, user, expires: new Date(ends).toISOString() },
      },
    ]);
    const url = `${base}/#invite=${secret}`;
    const expires = new Date(ends).toISOString();
    if (values.json) {
      out(JSON.stringify({ id: made.id, user, expires, url }));
      return;
    }
    say(`${user} gets a key by this link, once, until ${expires}. It is shown only now:`);
    if (screen.isTTY) say(await qrCode(url));
    out(url);
    if (!["localhost", "127.0.0.1", "[::1]"].includes(new URL(base).hostname)) return;
    say("Only this machine can open it. --url names the address that others open.");
  },
});

/** The address of the option, else of the settings, else of this machine in its network. */
function baseOf(url: string | undefined, { env, cwd }: Surroundings): string {
  if (url !== undefined) return readAddress(url).url;
  const from = { argv: [], env, cwd };
  const { publicUrl, host, port } = loadSome(["publicUrl", "host", "port"], from);
  if (publicUrl !== null) return publicUrl;
  const published = env.PUBLISHED_PORT || null;
  if (published === null) return `http://${addressesOf(host)[0]}:${port}`;
  // A container has an address that only its machine reaches; gateway.sh tells the machine's.
  return `http://${env.LAN_ADDRESS || "localhost"}:${published}`;
}

/** For the camera of a phone. */
async function qrCode(text: string): Promise<string> {
  const { generate } = await import("lean-qr");
  return generate(text).toString({ on: "  ", off: "██", padX: 4, padY: 2 });
}
