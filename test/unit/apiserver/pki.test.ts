import { createPrivateKey, X509Certificate } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { issueCertificate } from "../../../src/embedded/pki/certificate.ts";
import { loadClusterPki } from "../../../src/embedded/pki/cluster-pki.ts";

const NOW = Date.parse("2030-01-02T03:04:05Z");
const DAY = 24 * 60 * 60 * 1000;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "kelpie-pki-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("certificates", () => {
  it("are signed by the CA, for their names and their use", () => {
    const pki = loadClusterPki(directory, NOW);
    const ca = new X509Certificate(pki.ca.certificate);
    const server = new X509Certificate(pki.server.certificate);
    const admin = new X509Certificate(pki.admin.certificate);
    expect(ca.ca).toBe(true);
    expect(ca.verify(ca.publicKey)).toBe(true);
    for (const certificate of [server, admin]) {
      expect(certificate.checkIssued(ca)).toBe(true);
      expect(certificate.verify(ca.publicKey)).toBe(true);
      expect(certificate.ca).toBe(false);
    }
    expect(server.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(server.checkHost("kubernetes.default.svc")).toBe("kubernetes.default.svc");
    expect(server.checkHost("example.com")).toBeUndefined();
    expect(admin.subject).toBe("O=system:masters\nCN=kelpie-admin");
    expect(server.validFromDate.getTime()).toBeLessThan(NOW);
  });

  it("last beyond 2049, where the form of times changes", () => {
    const subject = { commonName: "late", organizations: [] };
    const late = issueCertificate({ subject, use: "ca", days: 3650, now: Date.parse("2045-06-01T00:00:00Z") });
    expect(new X509Certificate(late.certificate).validToDate.getUTCFullYear()).toBe(2055);
  });

  it("are kept, and renewed when they expire within 30 days", () => {
    const first = loadClusterPki(directory, NOW);
    const second = loadClusterPki(directory, NOW + 300 * DAY);
    expect(second.server).toEqual(first.server);
    const third = loadClusterPki(directory, NOW + 340 * DAY);
    expect(third.server).not.toEqual(first.server);
    expect(third.ca).toEqual(first.ca);
    expect(third.admin).toEqual(first.admin);
    expect(third.serviceAccountKey).toBe(first.serviceAccountKey);
  });
});

describe("certificates that cannot be used", () => {
  it.each([
    ["a file that is empty", () => writeFileSync(join(directory, "server.crt"), "")],
    ["the key of another", () => copyFileSync(join(directory, "admin.key"), join(directory, "server.key"))],
    ["a CA that is lost", () => rmSync(join(directory, "ca.key"))],
  ])("are made anew after %s", (_, damage) => {
    const first = loadClusterPki(directory, NOW);
    damage();
    const second = loadClusterPki(directory, NOW);
    expect(second.server).not.toEqual(first.server);
    const server = new X509Certificate(second.server.certificate);
    expect(server.verify(new X509Certificate(second.ca.certificate).publicKey)).toBe(true);
    expect(server.checkPrivateKey(createPrivateKey(second.server.key))).toBe(true);
  });

  it("are made anew when the clock was ahead as they were made", () => {
    loadClusterPki(directory, NOW + 365 * DAY);
    const { ca, server, admin } = loadClusterPki(directory, NOW);
    for (const { certificate } of [ca, server, admin]) {
      expect(new X509Certificate(certificate).validFromDate.getTime()).toBeLessThan(NOW);
    }
  });
});
