import { UsageError } from "../../lib/errors.ts";
import type { Flag } from "./arguments.ts";
import type { Output } from "./output.ts";
import { CLUSTER_COMMANDS, CLUSTER_FLAGS, TOP_COMMANDS, UI_FLAGS } from "./ui-flags.ts";

const words = (flags: readonly Flag[]): string => flags.map((flag) => `--${flag.name}`).join(" ");
const clusterWords = CLUSTER_COMMANDS.map(([name]) => name).join(" ");

const bash = (): string => `_kelpie() {
  local current="\${COMP_WORDS[COMP_CWORD]}" first="\${COMP_WORDS[1]}"
  local candidates
  case "$first" in
    cluster) if [ "$COMP_CWORD" -eq 2 ]; then candidates="${clusterWords}"; else candidates="${words(CLUSTER_FLAGS)}"; fi ;;
    config) candidates="explain" ;;
    completion) candidates="bash zsh fish" ;;
    version|info) candidates="" ;;
    *) candidates="${words(UI_FLAGS)}"; if [ "$COMP_CWORD" -eq 1 ]; then candidates="${TOP_COMMANDS.join(" ")} $candidates"; fi ;;
  esac
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -F _kelpie kelpie
`;

const zsh = (): string => `#compdef kelpie
autoload -Uz bashcompinit && bashcompinit
${bash()}`;

const fish = (): string =>
  [
    "complete -c kelpie -f",
    `complete -c kelpie -n __fish_use_subcommand -a "${TOP_COMMANDS.join(" ")}"`,
    ...CLUSTER_COMMANDS.map(
      ([name, help]) =>
        `complete -c kelpie -n "__fish_seen_subcommand_from cluster" -a ${name} -d ${JSON.stringify(help)}`,
    ),
    'complete -c kelpie -n "__fish_seen_subcommand_from config" -a explain',
    'complete -c kelpie -n "__fish_seen_subcommand_from completion" -a "bash zsh fish"',
    ...UI_FLAGS.map(
      (flag) =>
        `complete -c kelpie -l ${flag.name}${flag.short === undefined ? "" : ` -s ${flag.short}`}${flag.value === undefined ? "" : " -r"} -d ${JSON.stringify(flag.help)}`,
    ),
    "",
  ].join("\n");

/** `kelpie completion bash|zsh|fish`: a script for the shell to read. */
export function completion(argv: readonly string[], output: Output): number {
  const scripts: Readonly<Record<string, () => string>> = { bash, zsh, fish };
  const script = scripts[argv[0] ?? ""];
  if (argv.length !== 1 || script === undefined) throw new UsageError("expected `kelpie completion bash|zsh|fish`");
  output.out(script());
  return 0;
}
