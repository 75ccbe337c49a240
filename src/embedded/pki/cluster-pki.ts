import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { issueCertificate, type CertificateRequest, type KeyPair } from "./certificate.ts";

const YEAR_DAYS = 365;
const RENEW_BEFORE_MILLISECONDS = 30 * 24 * 60 * 60 * 1000;

export interface ClusterPki {
  readonly ca: KeyPair;
  readonly server: KeyPair;
  /** Client certificate of `kelpie-admin`, in the group `system:masters`. */
  readonly admin: KeyPair;
  /** Private key, PEM, that signs service account tokens. */
  readonly serviceAccountKey: string;
}

/** Names under which clients reach the API server. */
const SERVER_NAMES = [
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
  "localhost",
  "127.0.0.1",
  "10.96.0.1",
];

/**
 * Reads the cluster's certificates from `directory`, and makes what is missing or expires within 30 days. Files are
 * readable by their owner only.
 * @param now milliseconds since the epoch
 */
export function loadClusterPki(directory: string, now: number): ClusterPki {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const ca = loadPair(directory, "ca", undefined, {
    subject: { commonName: "kelpie-ca", organizations: [] },
    use: "ca",
    days: 10 * YEAR_DAYS,
    now,
  });
  return {
    ca,
    server: loadPair(directory, "server", ca, {
      subject: { commonName: "kube-apiserver", organizations: [] },
      use: "server",
      names: SERVER_NAMES,
      days: YEAR_DAYS,
      now,
    }),
    admin: loadPair(directory, "admin", ca, {
      subject: { commonName: "kelpie-admin", organizations: ["system:masters"] },
      use: "client",
      days: 5 * YEAR_DAYS,
      now,
    }),
    serviceAccountKey: loadServiceAccountKey(directory),
  };
}

function loadPair(directory: string, name: string, issuer: KeyPair | undefined, request: CertificateRequest): KeyPair {
  const certificateFile = join(directory, `${name}.crt`);
  const keyFile = join(directory, `${name}.key`);
  if (existsSync(certificateFile) && existsSync(keyFile)) {
    const pair = { certificate: readFileSync(certificateFile, "utf8"), key: readFileSync(keyFile, "utf8") };
    if (isUsable(pair, issuer, request.now)) return pair;
  }
  const pair = issueCertificate(request, issuer);
  // The key first: a crash between the two leaves a pair that is made again.
  if (existsSync(certificateFile)) renameSync(certificateFile, `${certificateFile}.old`);
  writePrivate(keyFile, pair.key);
  writePrivate(certificateFile, pair.certificate);
  return pair;
}

/** Not after a crash, a clock that was wrong when it was made, or the loss of the CA that signed it. */
function isUsable({ certificate, key }: KeyPair, issuer: KeyPair | undefined, now: number): boolean {
  try {
    const parsed = new X509Certificate(certificate);
    if (parsed.validToDate.getTime() - now <= RENEW_BEFORE_MILLISECONDS) return false;
    if (parsed.validFromDate.getTime() > now || !parsed.checkPrivateKey(createPrivateKey(key))) return false;
    return issuer === undefined || parsed.verify(new X509Certificate(issuer.certificate).publicKey);
  } catch {
    return false;
  }
}

function loadServiceAccountKey(directory: string): string {
  const file = join(directory, "service-account.key");
  if (existsSync(file)) return readFileSync(file, "utf8");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  writePrivate(file, key);
  return key;
}

function writePrivate(file: string, text: string): void {
  const temporary = `${file}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}
