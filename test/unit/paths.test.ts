import { expect, test } from "vitest";
import { resolvePaths } from "../../src/config/paths.ts";

test("KELPIE_HOME moves everything kelpie writes", () => {
  const paths = resolvePaths({ KELPIE_HOME: "/srv/k", XDG_DATA_HOME: "/elsewhere" }, "/home/me");
  for (const path of Object.values(paths)) expect(path).toMatch(/^\/srv\/k\//);
});

test("XDG base directories are used, relative ones ignored", () => {
  const paths = resolvePaths({ XDG_CONFIG_HOME: "/etc/me", XDG_DATA_HOME: "relative" }, "/home/me");
  expect(paths.configFile).toBe("/etc/me/kelpie/config.yaml");
  expect(paths.data).toBe("/home/me/.local/share/kelpie");
});
