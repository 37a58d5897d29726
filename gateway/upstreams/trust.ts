import { X509Certificate } from "node:crypto";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";

/** PEM texts. */
export type TlsOptions = {
  /** CA certificates besides the usual ones, as PEM; may hold several. */
  readonly ca?: string | null;
  /** Our own certificate, with those between it and its authority, and its key. */
  readonly cert?: string | null;
  readonly key?: string | null;
};

/**
 * The CA certificates and our client certificate, read once at the start and used for every
 * connection.
 */
export type Trust = { readonly secureContext: SecureContext };

const certificate = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END [^-]+-----/g;

/**
 * Reads PEM texts; null if there are none. Throws a one-line Error for a text without a certificate
 * or key, or for a pair that does not match: OpenSSL accepts an empty list of CAs without an error.
 */
export function readTrust({ ca = null, cert = null, key = null }: TlsOptions): Trust | null {
  if (ca === null && cert === null && key === null) return null;
  if ((cert === null) !== (key === null)) {
    throw new Error("a client certificate and its key must be given together");
  }
  const own = ca === null ? [] : authoritiesIn(ca);
  try {
    const secureContext = createSecureContext({
      ...(own.length === 0 ? {} : { ca: [...getCACertificates("default"), ...own] }),
      ...(cert === null || key === null ? {} : { cert, key }),
    });
    return { secureContext };
  } catch {
    // OpenSSL's words name neither file nor fault; never the key's text in an error.
    throw new Error(
      "the client certificate and its key are not readable, or do not belong together",
    );
  }
}

function authoritiesIn(pem: string): readonly string[] {
  const found = pem.match(certificate) ?? [];
  try {
    for (const text of found) new X509Certificate(text);
  } catch {
    throw new Error("the certificate of the authority is not readable");
  }
  if (found.length === 0) throw new Error("the file of the authority holds no PEM certificate");
  return found;
}

/** When our client certificate ends (epoch ms); null if there is none, or it has no such time. */
export function clientCertificateEnds(cert: string | null | undefined): number | null {
  if (cert == null) return null;
  const ends = Date.parse(new X509Certificate(cert).validTo);
  return Number.isNaN(ends) ? null : ends;
}
