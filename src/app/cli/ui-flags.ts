import { themeNames } from "../../config/theme.ts";
import type { Flag } from "./arguments.ts";

/** Flags of the UI, in the order of the help. Names are kubectl's and k9s's where those have them. */
export const UI_FLAGS: readonly Flag[] = [
  { name: "kubeconfig", value: "file", help: "Kubeconfig to use instead of $KUBECONFIG or ~/.kube/config" },
  { name: "context", value: "name", help: "Context to open" },
  { name: "cluster", value: "name", help: "Cluster of the kubeconfig to use" },
  { name: "user", value: "name", help: "User of the kubeconfig to use" },
  { name: "namespace", short: "n", value: "name", help: "Namespace to open, or several: a,b" },
  { name: "all-namespaces", short: "A", help: "Open all namespaces" },
  { name: "command", short: "c", value: "command", help: "First command, as typed after `:` (default pods)" },
  { name: "readonly", help: "Refuse every write" },
  { name: "write", help: "Allow writes, whatever the settings say" },
  { name: "as", value: "user", help: "User to impersonate" },
  { name: "as-group", value: "group", multiple: true, help: "Group to impersonate; may be repeated" },
  { name: "as-uid", value: "uid", help: "UID to impersonate" },
  { name: "request-timeout", value: "duration", help: "Time one request may take (30s, 2m); 0 for no limit" },
  { name: "insecure-skip-tls-verify", help: "Do not check the server's certificate" },
  { name: "token", value: "token", help: "Bearer token" },
  { name: "server", value: "url", help: "Address of the API server" },
  { name: "headless", help: "Start without the header" },
  { name: "no-local", help: "Do not start the embedded cluster when no other is configured" },
  { name: "log-level", value: "level", help: "error, warn, info or debug (default info)" },
  { name: "log-file", value: "file", help: "File for kelpie's own log" },
  { name: "theme", value: "name", help: `Colours: ${themeNames.join(", ")}` },
  { name: "version", help: "Print the version" },
  { name: "help", short: "h", help: "Print this help" },
];

export const CLUSTER_COMMANDS = [
  ["start", "Create the cluster if need be and start it; returns when it is ready"],
  ["create", "The same as start"],
  ["stop", "End its pods and its engine; its state stays"],
  ["delete", "Stop it and remove everything it left"],
  ["status", "One cluster; exit code 3 when it does not run"],
  ["list", "All local clusters"],
  ["kubeconfig", "Print its kubeconfig (--path: the file that holds it)"],
  ["logs", "Print the engine's log (-f follows it)"],
  ["doctor", "Try what this machine can do, and say what it cannot"],
] as const;

export const CLUSTER_FLAGS: readonly Flag[] = [
  { name: "provider", value: "id", help: "Who runs the cluster (default embedded)" },
  { name: "output", short: "o", value: "format", help: "json for machines" },
  { name: "wait", help: "start: wait for its node too, not only for the API" },
  { name: "follow", short: "f", help: "logs: go on until Ctrl-C" },
  { name: "path", help: "kubeconfig: print the path of its file" },
  { name: "help", short: "h", help: "Print this help" },
];

export const TOP_COMMANDS = ["version", "info", "config", "completion", "cluster"] as const;
