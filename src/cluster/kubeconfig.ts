import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { errorCode, errorMessage, fileFault, KelpieError } from "../lib/errors.ts";
import { asArray, asRecord, asRecords, asString, isRecord } from "../lib/kube/object.ts";
import { parseYaml } from "../lib/yaml.ts";

/** A kubeconfig cannot be read or used. The message names the file and the fault. */
export class KubeconfigError extends KelpieError {
  override readonly name = "KubeconfigError";
}

/** PEM material given inline (base64 in the file) or as a path. Inline wins, as in client-go. */
export interface PemSource {
  readonly data?: string;
  /** Absolute. */
  readonly file?: string;
}

export interface KubeconfigCluster {
  readonly name: string;
  /** The file it stands in. */
  readonly file?: string;
  readonly server: string;
  readonly certificateAuthority: PemSource;
  readonly insecureSkipTlsVerify: boolean;
  readonly tlsServerName?: string;
  readonly proxyUrl?: string;
  /** `client.authentication.k8s.io/exec` of `extensions`: given to exec plugins. */
  readonly execConfig?: unknown;
}

export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint: string;
  readonly provideClusterInfo: boolean;
  readonly interactiveMode: "Never" | "IfAvailable" | "Always";
}

export interface Impersonation {
  readonly user?: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface KubeconfigUser {
  readonly name: string;
  readonly file?: string;
  readonly clientCertificate: PemSource;
  readonly clientKey: PemSource;
  readonly token?: string;
  /** Absolute. Wins over `token`, as in client-go. */
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly exec?: ExecPlugin;
  /** Why this user cannot be used, known when the file is read: one bad user must not spoil the others. */
  readonly fault?: string;
  /** As written; used through client-node. */
  readonly authProvider?: Readonly<Record<string, unknown>>;
  readonly impersonate: Impersonation;
}

export interface KubeconfigContext {
  readonly name: string;
  readonly file?: string;
  readonly cluster: string;
  readonly user: string;
  readonly namespace: string;
}

export interface Kubeconfig {
  /** The files that were there, in the order of precedence. */
  readonly files: readonly string[];
  /** The file that sets `currentContext`. */
  readonly currentContextFile?: string;
  readonly currentContext: string;
  readonly contexts: ReadonlyMap<string, KubeconfigContext>;
  readonly clusters: ReadonlyMap<string, KubeconfigCluster>;
  readonly users: ReadonlyMap<string, KubeconfigUser>;
}

/**
 * The files kubectl would read: the flag alone, else the list in `KUBECONFIG`, else `~/.kube/config`.
 * `required`: it was named on the command line, so it must exist.
 */
export function kubeconfigPaths(
  flag: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): { readonly paths: readonly string[]; readonly required: boolean } {
  if (flag !== undefined && flag !== "") return { paths: [expandHome(flag, env)], required: true };
  const list = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  if (list.length > 0) return { paths: [...new Set(list.map((path) => expandHome(path, env)))], required: false };
  return { paths: [join(homeOf(env), ".kube", "config")], required: false };
}

function homeOf(env: Readonly<Record<string, string | undefined>>): string {
  return env["HOME"] ?? homedir();
}

function expandHome(path: string, env: Readonly<Record<string, string | undefined>>): string {
  return resolve(path.startsWith("~/") ? join(homeOf(env), path.slice(2)) : path);
}

/**
 * Reads and merges kubeconfigs: the first file to set a name or `current-context` wins; relative paths are relative to
 * the file they stand in; missing files of a list are skipped (client-go `ClientConfigLoadingRules.Load`).
 * @throws KubeconfigError naming the file and the fault
 */
export async function loadKubeconfig(paths: readonly string[], required: boolean): Promise<Kubeconfig> {
  let merged: Kubeconfig = {
    files: [],
    currentContext: "",
    contexts: new Map(),
    clusters: new Map(),
    users: new Map(),
  };
  for (const path of paths) {
    const text = await readKubeconfig(path, required);
    if (text !== undefined) {
      merged = mergeKubeconfigs(merged, { ...parseKubeconfig(text, path), files: [path], currentContextFile: path });
    }
  }
  return merged;
}

/** Both in one; where both have a name, or a current context, the first wins. */
export function mergeKubeconfigs(first: Kubeconfig, second: Kubeconfig): Kubeconfig {
  const { currentContext, currentContextFile } = first.currentContext === "" ? second : first;
  return {
    files: [...first.files, ...second.files],
    currentContext,
    ...(currentContextFile === undefined ? {} : { currentContextFile }),
    contexts: firstWins(first.contexts, second.contexts),
    clusters: firstWins(first.clusters, second.clusters),
    users: firstWins(first.users, second.users),
  };
}

function firstWins<T>(first: ReadonlyMap<string, T>, second: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...first, ...[...second].filter(([name]) => !first.has(name))]);
}

async function readKubeconfig(path: string, required: boolean): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT" && !required) return undefined;
    throw new KubeconfigError(`cannot read the kubeconfig ${path}: ${fileFault(error)}`, {
      hint: "check --kubeconfig and $KUBECONFIG",
      cause: error,
    });
  }
}

/** @throws KubeconfigError where the text is not a kubeconfig */
export function parseKubeconfig(text: string, file: string): Omit<Kubeconfig, "files"> {
  let root: unknown;
  try {
    root = parseYaml(text, file);
  } catch (error) {
    throw new KubeconfigError(`the kubeconfig is not valid YAML: ${errorMessage(error)}`, { cause: error });
  }
  if (root === null || root === undefined) root = {};
  if (!isRecord(root)) throw new KubeconfigError(`${file}: not a kubeconfig: expected a mapping with "clusters"`);
  const kind = asString(root["kind"], "Config");
  if (kind !== "Config") throw new KubeconfigError(`${file}: not a kubeconfig: its kind is ${kind}`);
  const directory = dirname(file);
  return {
    currentContext: asString(root["current-context"]),
    contexts: entries(root, "contexts", "context", file, (name, body) => ({
      name,
      file,
      cluster: asString(body["cluster"]),
      user: asString(body["user"]),
      namespace: asString(body["namespace"]) || "default",
    })),
    clusters: entries(root, "clusters", "cluster", file, (name, body) => parseCluster(name, body, directory, file)),
    users: entries(root, "users", "user", file, (name, body) => parseUser(name, body, directory, file)),
  };
}

function entries<T>(
  root: Readonly<Record<string, unknown>>,
  list: string,
  field: string,
  file: string,
  parse: (name: string, body: Readonly<Record<string, unknown>>) => T,
): Map<string, T> {
  const value = root[list];
  if (value !== undefined && value !== null && !Array.isArray(value)) {
    throw new KubeconfigError(`${file}: "${list}" must be a list`);
  }
  const result = new Map<string, T>();
  for (const [index, entry] of asArray(value).entries()) {
    const name = isRecord(entry) ? asString(entry["name"]) : "";
    if (!isRecord(entry) || name === "") throw new KubeconfigError(`${file}: ${list}[${index}] has no name`);
    if (!result.has(name)) result.set(name, parse(name, asRecord(entry[field])));
  }
  return result;
}

function pem(body: Readonly<Record<string, unknown>>, field: string, directory: string): PemSource {
  const data = asString(body[`${field}-data`]);
  const file = asString(body[field]);
  return { ...(data === "" ? {} : { data }), ...(file === "" ? {} : { file: resolve(directory, file) }) };
}

function optional<K extends string>(key: K, value: string): Partial<Record<K, string>> {
  const result: Partial<Record<K, string>> = {};
  if (value !== "") result[key] = value;
  return result;
}

function parseCluster(
  name: string,
  body: Readonly<Record<string, unknown>>,
  directory: string,
  file: string,
): KubeconfigCluster {
  const extension = asRecords(body["extensions"]).find(
    (entry) => entry["name"] === "client.authentication.k8s.io/exec",
  );
  return {
    name,
    file,
    server: asString(body["server"]),
    certificateAuthority: pem(body, "certificate-authority", directory),
    insecureSkipTlsVerify: body["insecure-skip-tls-verify"] === true,
    ...optional("tlsServerName", asString(body["tls-server-name"])),
    ...optional("proxyUrl", asString(body["proxy-url"])),
    ...(extension === undefined ? {} : { execConfig: extension["extension"] }),
  };
}

function parseUser(
  name: string,
  body: Readonly<Record<string, unknown>>,
  directory: string,
  file: string,
): KubeconfigUser {
  const tokenFile = asString(body["tokenFile"]);
  const authProvider = body["auth-provider"];
  return {
    name,
    file,
    clientCertificate: pem(body, "client-certificate", directory),
    clientKey: pem(body, "client-key", directory),
    ...optional("token", asString(body["token"])),
    ...(tokenFile === "" ? {} : { tokenFile: resolve(directory, tokenFile) }),
    ...optional("username", asString(body["username"])),
    ...optional("password", asString(body["password"])),
    ...(isRecord(body["exec"]) ? parseExec(name, body["exec"], directory, file) : {}),
    ...(isRecord(authProvider) ? { authProvider } : {}),
    impersonate: {
      ...optional("user", asString(body["as"])),
      ...optional("uid", asString(body["as-uid"])),
      groups: asArray(body["as-groups"]).map((group) => asString(group)),
      extra: Object.fromEntries(
        Object.entries(asRecord(body["as-user-extra"])).map(([key, values]) => [
          key,
          asArray(values).map((value) => asString(value)),
        ]),
      ),
    },
  };
}

const EXEC_VERSIONS: ReadonlySet<string> = new Set([
  "client.authentication.k8s.io/v1",
  "client.authentication.k8s.io/v1beta1",
]);

function parseExec(
  user: string,
  body: Readonly<Record<string, unknown>>,
  directory: string,
  file: string,
): Pick<KubeconfigUser, "exec" | "fault"> {
  const command = asString(body["command"]);
  const apiVersion = asString(body["apiVersion"]);
  if (command === "") return { fault: `${file}: the exec plugin of user "${user}" names no command` };
  if (!EXEC_VERSIONS.has(apiVersion)) {
    return {
      fault: `${file}: the exec plugin of user "${user}" asks for apiVersion "${apiVersion}"; supported are v1 and v1beta1`,
    };
  }
  const mode = asString(body["interactiveMode"]);
  return {
    exec: {
      apiVersion,
      // A command with a slash is relative to the file; a bare name is looked for in PATH (client-go does the same).
      command: /[\\/]/.test(command) ? resolve(directory, command) : command,
      args: asArray(body["args"]).map((argument) => asString(argument)),
      env: Object.fromEntries(
        asRecords(body["env"]).map((entry) => [asString(entry["name"]), asString(entry["value"])]),
      ),
      installHint: asString(body["installHint"]),
      provideClusterInfo: body["provideClusterInfo"] === true,
      interactiveMode: mode === "Never" || mode === "Always" ? mode : "IfAvailable",
    },
  };
}
