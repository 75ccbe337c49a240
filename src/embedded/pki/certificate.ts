import { createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate, type KeyObject } from "node:crypto";
import { isIPv4 } from "node:net";
import {
  derBitString,
  derBoolean,
  derInteger,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derSet,
  derTime,
  derUtf8,
  derValue,
} from "./der.ts";

const OID = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  basicConstraints: "2.5.29.19",
  keyUsage: "2.5.29.15",
  extendedKeyUsage: "2.5.29.37",
  subjectAltName: "2.5.29.17",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

/** Clocks of client and server may differ a little. */
const BACKDATE_MILLISECONDS = 5 * 60 * 1000;
const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

export interface Subject {
  /** The user name of a client. */
  readonly commonName: string;
  /** The groups of a client. */
  readonly organizations: readonly string[];
}

export interface CertificateRequest {
  readonly subject: Subject;
  readonly use: "ca" | "server" | "client";
  /** DNS names and IPv4 addresses of a server. */
  readonly names?: readonly string[];
  readonly days: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A certificate and its key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** A P-256 certificate; without an issuer it signs itself. */
export function issueCertificate(request: CertificateRequest, issuer?: KeyPair): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const subject = derName(request.subject);
  const algorithm = derSequence(derObjectIdentifier(OID.ecdsaWithSha256));
  const serial = randomBytes(16);
  // Positive and without a leading zero byte, as DER wants an integer.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const signed = derSequence(
    derValue(0xa0, derInteger(Buffer.from([2]))),
    derInteger(serial),
    algorithm,
    issuer === undefined ? subject : issuerName(issuer),
    derSequence(derTime(request.now - BACKDATE_MILLISECONDS), derTime(request.now + request.days * DAY_MILLISECONDS)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    derValue(0xa3, derSequence(...extensions(request))),
  );
  const signer: KeyObject = issuer === undefined ? privateKey : createPrivateKey(issuer.key);
  const certificate = derSequence(signed, algorithm, derBitString(sign("sha256", signed, signer)));
  return { certificate: pem("CERTIFICATE", certificate), key };
}

function derName(subject: Subject): Buffer {
  const part = (oid: string, value: string): Buffer => derSet(derSequence(derObjectIdentifier(oid), derUtf8(value)));
  return derSequence(
    ...subject.organizations.map((organization) => part(OID.organization, organization)),
    part(OID.commonName, subject.commonName),
  );
}

function issuerName(issuer: KeyPair): Buffer {
  const lines = new X509Certificate(issuer.certificate).subject.split("\n");
  const values = (key: string): string[] =>
    lines.filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
  return derName({ commonName: values("CN")[0] ?? "", organizations: values("O") });
}

function extensions(request: CertificateRequest): Buffer[] {
  const extension = (oid: string, critical: boolean, value: Buffer): Buffer =>
    derSequence(derObjectIdentifier(oid), ...(critical ? [derBoolean(true)] : []), derOctetString(value));
  const ca = request.use === "ca";
  // Certificate and CRL signing, or digital signature and key encipherment (RFC 5280 §4.2.1.3).
  const usage = ca ? derBitString(Buffer.from([0x86]), 1) : derBitString(Buffer.from([0xa0]), 5);
  const found = [
    extension(OID.basicConstraints, true, ca ? derSequence(derBoolean(true)) : derSequence()),
    extension(OID.keyUsage, true, usage),
  ];
  if (!ca) {
    const purpose = derObjectIdentifier(request.use === "server" ? OID.serverAuth : OID.clientAuth);
    found.push(extension(OID.extendedKeyUsage, false, derSequence(purpose)));
  }
  if (request.names !== undefined) {
    const names = request.names.map((name) =>
      isIPv4(name) ? derValue(0x87, Buffer.from(name.split(".").map(Number))) : derValue(0x82, Buffer.from(name)),
    );
    found.push(extension(OID.subjectAltName, false, derSequence(...names)));
  }
  return found;
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
