import { X509Certificate } from "node:crypto";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";

/** PEM texts. */
export type TlsOptions = {
  /** Authorities believed beside the usual ones; may hold several. */
  readonly ca?: string | null;
  /** Our own certificate, with those between it and its authority, and its key. */
  readonly cert?: string | null;
  readonly key?: string | null;
};

/** Whose certificates are believed, and which is ours: read once, used for every connection. */
export type Trust = { readonly secureContext: SecureContext };

const certificate = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END [^-]+-----/g;

/**
 * Reads PEM texts; null where there are none. Throws a one-line Error for what is no certificate or
 * key, or a pair that does not fit: OpenSSL itself believes in silence that no authority is one.
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
