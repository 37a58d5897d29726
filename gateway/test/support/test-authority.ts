import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** PEM texts. */
export type TestCertificate = { cert: string; key: string };

export type TestAuthority = {
  /** Its own certificate. */
  ca: string;
  issue(options: {
    /** DNS names it holds for. */
    names?: readonly string[];
    /** IPv4 addresses it holds for. */
    addresses?: readonly string[];
    until?: Date;
  }): TestCertificate;
};

const day = 86_400_000;

/**
 * A certificate authority made on the spot (X.509 v3, RFC 5280), so that no key is kept anywhere.
 */
export function createTestAuthority(name: string): TestAuthority {
  const { privateKey, publicKey } = newKeys();
  const constraints = extension("551d13", sequence(der(0x01, Buffer.from([0xff]))));
  const ca = certify({ issuer: name, subject: name, publicKey, by: privateKey }, [constraints]);
  return {
    ca,
    issue({ names = [], addresses = [], until }) {
      const own = newKeys();
      const alternatives = [
        ...names.map((dns) => der(0x82, Buffer.from(dns))),
        ...addresses.map((ip) => der(0x87, Buffer.from(ip.split(".").map(Number)))),
      ];
      const subject = { issuer: name, subject: "upstream", publicKey: own.publicKey };
      const cert = certify({ ...subject, by: privateKey, until }, [
        extension("551d11", sequence(...alternatives)),
      ]);
      return { cert, key: String(own.privateKey.export({ type: "pkcs8", format: "pem" })) };
    },
  };
}

const newKeys = (): { privateKey: KeyObject; publicKey: KeyObject } =>
  generateKeyPairSync("ec", { namedCurve: "prime256v1" });

type Words = {
  issuer: string;
  subject: string;
  publicKey: KeyObject;
  by: KeyObject;
  until?: Date | undefined;
};

function certify(words: Words, extensions: readonly Buffer[]): string {
  const { issuer, subject, publicKey, by, until = new Date(Date.now() + day) } = words;
  const ecdsaWithSha256 = sequence(objectId("2a8648ce3d040302"));
  const told = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    distinguished(issuer),
    sequence(utcTime(new Date(Math.min(Date.now(), until.getTime()) - day)), utcTime(until)),
    distinguished(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", told, by)]));
  const lines = sequence(told, ecdsaWithSha256, signature)
    .toString("base64")
    .match(/.{1,64}/g);
  return `-----BEGIN CERTIFICATE-----\n${lines?.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** A tag, a length, and the value (X.690 §8.1). */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const length = value.length;
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), value]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const extension = (id: string, value: Buffer): Buffer => sequence(objectId(id), der(0x04, value));
const distinguished = (name: string): Buffer =>
  sequence(der(0x31, sequence(objectId("550403"), der(0x0c, Buffer.from(name)))));
const utcTime = (date: Date): Buffer =>
  der(
    0x17,
    Buffer.from(
      `${date
        .toISOString()
        .replace(/[-:T]|\.\d+/g, "")
        .slice(2)}`,
    ),
  );
