import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/** Every place kelpie writes to. All directories; made on first use, readable by their owner only. */
export interface Paths {
  readonly config: string;
  /** Local clusters and their state. */
  readonly data: string;
  /** Logs, histories, kept edits. */
  readonly state: string;
  readonly cache: string;
  readonly configFile: string;
  readonly logFile: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `KELPIE_HOME` moves everything; else the XDG base directories (relative values are ignored, as the specification
 * says) with their defaults below the home directory.
 */
export function resolvePaths(env: Environment, home: string = homedir()): Paths {
  const own = env["KELPIE_HOME"];
  const place = (variable: string, ...fallback: readonly string[]): string => {
    const base = env[variable];
    return join(base !== undefined && isAbsolute(base) ? base : join(home, ...fallback), "kelpie");
  };
  const directories =
    own !== undefined && own !== ""
      ? {
          config: join(resolve(own), "config"),
          data: join(resolve(own), "data"),
          state: join(resolve(own), "state"),
          cache: join(resolve(own), "cache"),
        }
      : {
          config: place("XDG_CONFIG_HOME", ".config"),
          data: place("XDG_DATA_HOME", ".local", "share"),
          state: place("XDG_STATE_HOME", ".local", "state"),
          cache: place("XDG_CACHE_HOME", ".cache"),
        };
  return {
    ...directories,
    configFile: join(directories.config, "config.yaml"),
    logFile: join(directories.state, "kelpie.log"),
  };
}
