import { randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { replaceFile } from "./replace-file.ts";

/** Where a running gateway is, and the secret of those who can read its files. */
export type RunningGateway = { readonly url: string; readonly secret: string };

/** Lets commands of the user that the gateway runs as ask it without a key. */
export type OwnerDoor = Disposable & {
  /** Whether this Authorization header has the secret. */
  isOwner(authorization: string | undefined): boolean;
  /** Writes the file with the secret, and where the gateway is. */
  announce(url: string): void;
};

const fileOf = (usersFile: string): string => join(dirname(usersFile), "running.json");

/** The secret is new at each start. Only the owner can read its file, beside the users file. */
export function createOwnerDoor(usersFile: string): OwnerDoor {
  const secret = randomBytes(24).toString("base64url");
  const expected = Buffer.from(`Bearer ${secret}`);
  return {
    isOwner(authorization = "") {
      const given = Buffer.from(authorization);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
    announce(url) {
      try {
        replaceFile(fileOf(usersFile), `${JSON.stringify({ url, secret })}\n`);
      } catch {
        // In a folder that cannot be written commands need an administrator's key.
      }
    },
    [Symbol.dispose]() {
      // Another gateway may have replaced it.
      if (readRunningGateway(usersFile)?.secret === secret) rmSync(fileOf(usersFile));
    },
  };
}

/** The gateway of these files; null if none is announced, or its file cannot be read. */
export function readRunningGateway(usersFile: string): RunningGateway | null {
  try {
    const { url, secret } = JSON.parse(readFileSync(fileOf(usersFile), "utf8"));
    return typeof url === "string" && typeof secret === "string" ? { url, secret } : null;
  } catch {
    return null;
  }
}
