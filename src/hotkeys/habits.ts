import type { Scope } from "./action.ts";
import type { Bindings } from "./bindings.ts";
import { showKey } from "./keys.ts";

interface Habit {
  readonly scope: Scope;
  /** As k9s has them. */
  readonly keys: readonly string[];
  /** @param keyOf the key of an action here */
  text(keyOf: (id: string) => string): string;
}

const HABITS: readonly Habit[] = [
  {
    scope: "table",
    keys: ["shift-c", "shift-i", "shift-m", "shift-r", "shift-t", "shift-u", "shift-z", "ctrl-q", "ctrl-x"],
    text: (keyOf) =>
      `k9s sorts by a column with that; here ${keyOf("sort.left")} and ${keyOf("sort.right")} do, by any`,
  },
  {
    scope: "table",
    keys: ["z"],
    text: (keyOf) => `${keyOf("resource.diagnosis")} says what is wrong with an object`,
  },
  { scope: "table", keys: ["v"], text: () => "kelpie does not look for vulnerabilities of images" },
  { scope: "global", keys: ["ctrl-g"], text: () => "the crumbs go by themselves where there is no room" },
];

/** What does here what a key of k9s does there, for keys that mean nothing where they were pressed. */
export function habitText(bindings: Bindings, scopes: readonly Scope[], key: string): string | undefined {
  const keyOf = (id: string): string => {
    const action = bindings.actions.find((each) => each.id === id);
    const [first = `\`${id}\``] = action === undefined ? [] : bindings.keysOf(action).map(showKey);
    return first;
  };
  return HABITS.find((habit) => scopes.includes(habit.scope) && habit.keys.includes(key))?.text(keyOf);
}
