import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createCredentials } from "../../../src/cluster/credentials.ts";
import type { Credential, CredentialSource } from "../../../src/cluster/credential.ts";
import { connectionTarget } from "../../../src/cluster/connection-target.ts";
import { loadKubeconfig } from "../../../src/cluster/kubeconfig.ts";
import { silentLogger } from "../../../src/lib/log.ts";
import { Cleanup, temporaryDirectory } from "../../support/cluster-fixture.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { jwt, startFakeIdentityProvider, type FakeIdentityProvider } from "../../support/fake-identity-provider.ts";
import { fakeKubeconfig } from "../../support/fake-kubeconfig.ts";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const HOUR = 3_600_000;

interface Opened {
  readonly clock: FakeClock;
  readonly provider: FakeIdentityProvider;
  readonly file: string;
  readonly write: (config: Readonly<Record<string, string>>) => Promise<void>;
  readonly source: () => Promise<CredentialSource>;
}

async function open(config: Readonly<Record<string, string>>, login: "header" | "form" = "header"): Promise<Opened> {
  const clock = new FakeClock();
  const provider = await startFakeIdentityProvider({ idToken: jwt(clock.now() + HOUR), login });
  cleanup.add(() => provider.close());
  const file = join(await temporaryDirectory(cleanup), "kubeconfig");
  const write = (more: Readonly<Record<string, string>>): Promise<void> => {
    const whole = { "client-id": "kelpie", "client-secret": "s p", "idp-issuer-url": provider.url, ...more };
    const user = { "auth-provider": { name: "oidc", config: whole } };
    return writeFile(file, fakeKubeconfig({ server: "https://cluster.invalid", user }), { mode: 0o600 });
  };
  await write(config);
  const source = async (): Promise<CredentialSource> =>
    createCredentials(connectionTarget(await loadKubeconfig([file], true), "fake", {}), {
      clock,
      env: {},
      logger: silentLogger,
    });
  return { clock, provider, file, write, source };
}

const bearer = (token: string): unknown => ({ headers: { authorization: `Bearer ${token}` } });

describe("the auth provider oidc", () => {
  it("sends the id-token of the kubeconfig while it holds, and asks nobody", async () => {
    const token = jwt(new FakeClock().now() + HOUR);
    const { provider, source } = await open({ "id-token": token });
    expect(await (await source()).current()).toEqual(bearer(token));
    expect(provider.asked).toEqual([]);
  });

  it("renews it once for all who wait, and writes both tokens where kubectl looks for them", async () => {
    const { clock, provider, file, source } = await open({ "id-token": "", "refresh-token": "refresh-1" });
    const [one, other] = [await source(), await source()];
    const got: Credential[] = await Promise.all([one.current(), one.current(), other.current()]);
    expect(got).toEqual([1, 2, 3].map(() => bearer(provider.idToken)));
    expect(provider.asked.map(({ authorization }) => authorization)).toEqual([
      `Basic ${Buffer.from("kelpie:s%20p").toString("base64")}`,
    ]);
    const written = await readFile(file, "utf8");
    expect(written).toContain(provider.idToken);
    expect(written).toContain("refresh-2");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    provider.idToken = jwt(clock.now() + 3 * HOUR);
    clock.advance(2 * HOUR);
    expect(await one.current()).toEqual(bearer(provider.idToken));
    expect(await readFile(file, "utf8")).toContain("refresh-3");
  });

  it("takes what another program has written meanwhile", async () => {
    const { clock, provider, source, write } = await open({ "id-token": jwt(0), "refresh-token": "used" });
    const credentials = await source();
    const token = jwt(clock.now() + HOUR, "another");
    await write({ "id-token": token, "refresh-token": "used" });
    expect(await credentials.current()).toEqual(bearer(token));
    expect(provider.asked).toEqual([]);
  });

  it("says who refused and why, tells no token, and does not ask again at once", async () => {
    const { clock, provider, source, write } = await open({ "id-token": jwt(0), "refresh-token": "refresh-1" });
    provider.refusal = "the session has ended";
    const credentials = await source();
    const failure =
      /^the OIDC login of user "fake" is not renewed: 127\.0\.0\.1:\d+ answered 400: invalid_grant, the session has ended$/;
    await expect(credentials.current()).rejects.toThrow(failure);
    await expect(credentials.current()).rejects.toThrow(failure);
    expect(provider.asked).toHaveLength(1);
    await write({ "id-token": jwt(clock.now() + HOUR), "refresh-token": "refresh-9" });
    expect(await credentials.current()).toEqual(bearer(jwt(clock.now() + HOUR)));
  });

  it("logs the client in by the form where the header is refused", async () => {
    const { provider, source } = await open({ "refresh-token": "refresh-1" }, "form");
    expect(await (await source()).current()).toEqual(bearer(provider.idToken));
    expect(provider.asked.at(-1)?.form.get("client_secret")).toBe("s p");
  });

  it("renews a token that the server refuses before its time, but not again and again", async () => {
    const early = jwt(new FakeClock().now() + HOUR, "early");
    const { provider, source } = await open({ "id-token": early, "refresh-token": "refresh-1" });
    const credentials = await source();
    expect(await credentials.refresh(await credentials.current())).toBe(true);
    expect(await credentials.current()).toEqual(bearer(provider.idToken));
    expect(await credentials.refresh(await credentials.current())).toBe(false);
    expect(provider.asked).toHaveLength(1);
  });

  it.each([
    [{ "id-token": jwt(0) }, /its id-token has expired, and there is no refresh-token/],
    [{}, /its id-token is missing/],
    [{ "refresh-token": "x", "idp-issuer-url": "nowhere" }, /its idp-issuer-url is not a URL: nowhere/],
    [
      { "refresh-token": "x", "idp-issuer-url": "http://127.0.0.1:1" },
      /cannot reach 127\.0\.0\.1:1: connection refused/,
    ],
  ])("with %o says what is wrong", async (config, message) => {
    const { source } = await open(config);
    await expect((await source()).current()).rejects.toThrow(message);
  });
});
