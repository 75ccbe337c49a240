import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Supervision of one container without an engine: a shell that waits, two `cat` that carry its output into files. It
 * survives the engine, and leaves the exit code in `exit`. `$1` is the container's directory:
 *
 * - `launch`: the engine's mark that it is wanted
 * - `supervisor`, `pid`: the line of /proc/PID/stat (as the machine's proc shows it) of the shell and of the first
 *   process of the container; `pid` appears when everything is set up and the command is about to run
 * - `pumps`: pids of the two `cat`; `stdin.keeper`: pid of what keeps standard input open
 * - `stdout`, `stderr`: raw output, appended; `stdin.pipe`: where an attached client writes
 * - `setup`: what the set-up said, where it failed; `exit`: the exit code
 *
 * The signals of the container must be as a program expects them: neither `trap ''` nor a background job (dash makes
 * those ignore INT and QUIT, for good) may lie on the way to it. After the first process of a pid namespace has died,
 * no further process can be started there: `exit` is written by a builtin.
 */
const SUPERVISE = `D=$1; shift
[ -e "$D/launch" ] || exit 1
read -r stat </proc/self/stat; echo "$stat" >"$D/supervisor"
mkfifo -m 600 "$D/stdout.pipe" "$D/stderr.pipe"
cat <"$D/stdout.pipe" >>"$D/stdout" & first=$!
cat <"$D/stderr.pipe" >>"$D/stderr" &
echo "$first $!" >"$D/pumps"
if [ -n "$KELPIE_STDIN" ]; then
  mkfifo -m 600 "$D/stdin.pipe"
  exec 9<>"$D/stdin.pipe"
  sleep 2147483647 >&9 9>&- &
  echo $! >"$D/stdin.keeper"
  exec 3<"$D/stdin.pipe" 9>&-
else
  exec 3</dev/null
fi
exec 4>"$D/stdout.pipe" 5>"$D/stderr.pipe"
exec "$@"
`;

/** The same with a terminal, owned by script(1): one raw stream, input always open. */
const SUPERVISE_TERMINAL = `D=$1; shift
[ -e "$D/launch" ] || exit 1
read -r stat </proc/self/stat; echo "$stat" >"$D/supervisor"
mkfifo -m 600 "$D/stdin.pipe"
exec 3<>"$D/stdin.pipe"
exec script -qefc "exec 3<&0 4>&1 5>&2; stty rows 24 cols 80; exec $KELPIE_TERMINAL_COMMAND" /dev/null <&3 >>"$D/stdout" 2>&1
`;

/**
 * Starts the container in the foreground and keeps its exit code. Its first child is pid 1 of the pid namespace. With a
 * terminal the shell has job control (`-m`): pid 1 must lead the foreground process group, or its number is 0 inside.
 */
const RUN = `D=$1; shift
"$@" <&3 >&4 2>&5 3<&- 4>&- 5>&-
echo $? >"$D/exit"
`;

/**
 * The first process of a container in namespaces, until it becomes the command: joins control groups, mounts, moves
 * its root to `/` (so that not even root inside can climb out of a chroot), tells its pid.
 */
const INIT = `set -e
D=$1; shift
exec 7>&2 2>"$D/setup"
for group in $KELPIE_CGROUPS; do echo 0 >"$group/cgroup.procs"; done
mount -n -i -a -T "$D/fstab"
cd "$D/rootfs"
[ -z "$KELPIE_READ_ONLY" ] || mount -n -i -o "$KELPIE_READ_ONLY" .
read -r stat </proc/self/stat
[ -n "$KELPIE_NESTED" ] || mount -n -i --move . /
echo "$stat" >"$D/pid"
exec "$@" 2>&7 7>&-
`;

/** The first process of a container of plain processes. */
const INIT_PROCESS = `D=$1; W=$2; shift 2
exec 7>&2 2>"$D/setup"
cd "$W" || exit 1
read -r stat </proc/self/stat
echo "$stat" >"$D/pid"
exec "$@" 2>&7 7>&-
`;

const SCRIPTS = {
  "supervise.sh": SUPERVISE,
  "supervise-terminal.sh": SUPERVISE_TERMINAL,
  "run.sh": RUN,
  "init.sh": INIT,
  "init-process.sh": INIT_PROCESS,
} as const;

/** Writes the scripts into a directory that containers do not see. */
export function writeSupervisorScripts(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  for (const [name, text] of Object.entries(SCRIPTS)) writeFileSync(join(directory, name), text, { mode: 0o644 });
}
