const notTrusted = "its certificate is not trusted";
const otherName = "its certificate is for another host name";

/** OpenSSL's words, as Node has them (`tls`, X509 certificate error codes). */
const verdicts: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "its certificate expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
  CERT_REVOKED: "its certificate was revoked",
  ERR_TLS_CERT_ALTNAME_INVALID: otherName,
  HOSTNAME_MISMATCH: otherName,
  DEPTH_ZERO_SELF_SIGNED_CERT: notTrusted,
  SELF_SIGNED_CERT_IN_CHAIN: notTrusted,
  UNABLE_TO_GET_ISSUER_CERT: notTrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: notTrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: notTrusted,
  CERT_CHAIN_TOO_LONG: notTrusted,
  CERT_UNTRUSTED: notTrusted,
  CERT_REJECTED: notTrusted,
  CERT_SIGNATURE_FAILURE: notTrusted,
  INVALID_CA: notTrusted,
  INVALID_PURPOSE: notTrusted,
  PATH_LENGTH_EXCEEDED: notTrusted,
};

/**
 * Why no secure connection came about, by the error's code; null for any other trouble. The
 * upstream has seen nothing of the request then.
 */
export function certificateTrouble(code: string): string | null {
  const verdict = verdicts[code];
  if (verdict !== undefined) return verdict;
  if (!code.startsWith("ERR_SSL_") && code !== "EPROTO") return null;
  if (code.endsWith("_CERTIFICATE_REQUIRED")) return "it requires a client certificate";
  if (/_ALERT_(?:\w+_)?(?:CERTIFICATE|CA)/.test(code))
    return "it rejects the gateway's client certificate";
  return "it has no TLS version or cipher in common with the gateway";
}
