import { ageOf, parseTime } from "../lib/age.ts";
import type { KubeObject } from "../lib/kube/object.ts";
import { asRecords, asString, at, objectPath } from "../lib/kube/object.ts";
import { formatLabelSelector, selectorFromObject } from "../lib/kube/selector.ts";
import { formatMebibytes, formatMillicores } from "../lib/quantity.ts";
import type { Joined, JoinName } from "./joins/joins.ts";
import type { Column, JoinAnswer, RowContext, Tone } from "./kind.ts";

export const nameColumn: Column = {
  id: "name",
  title: "NAME",
  minWidth: 12,
  keep: 10,
  text: (object) => object.metadata.name ?? "",
};

/** AGE sorts by the time of creation: ascending is oldest first, as an age cannot be compared by its text. */
export const ageColumn: Column = {
  id: "age",
  title: "AGE",
  clock: true,
  minWidth: 4,
  keep: 7,
  text: (object, { now }) => ageOf(object.metadata.creationTimestamp, now),
  sortKey: (object, { now }) => ageKey(object.metadata.creationTimestamp, now),
};

/** What an age sorts by: milliseconds, youngest first; what has no time comes last. */
export function ageKey(timestamp: string | null | undefined, now: number): number {
  const then = parseTime(timestamp ?? "");
  return Number.isNaN(then) ? Number.MAX_SAFE_INTEGER : now - then;
}

type Extra = Partial<Omit<Column, "id" | "title" | "text">>;

/** `UP-TO-DATE` -> `up-to-date`, `PORT(S)` -> `ports`, `%CPU/R` -> `cpu-r-percent`. */
export function columnId(title: string): string {
  const id = title
    .toLowerCase()
    .replaceAll(/[()%]/g, "")
    .replaceAll(/[^a-z0-9]+/g, "-");
  return title.includes("%") ? `${id}-percent` : id;
}

export function textColumn(title: string, text: (object: KubeObject) => string, extra: Extra = {}): Column {
  return { id: columnId(title), title, text: (object) => text(object), ...extra };
}

/** A number, right-aligned; `undefined` is printed as `<none>` and sorts first. */
export function numberColumn(
  title: string,
  value: (object: KubeObject) => number | undefined,
  extra: Extra = {},
): Column {
  return {
    id: columnId(title),
    title,
    align: "right",
    text: (object) => String(value(object) ?? "<none>"),
    sortKey: (object) => value(object) ?? -1,
    ...extra,
  };
}

/** `ready/total`, sorted by the share that is ready. */
export function readyColumn(
  value: (object: KubeObject) => { readonly ready: number; readonly total: number },
  title = "READY",
): Column {
  return {
    id: columnId(title),
    title,
    keep: 8,
    text: (object) => {
      const { ready, total } = value(object);
      return `${ready}/${total}`;
    },
    sortKey: (object) => {
      const { ready, total } = value(object);
      return total === 0 ? 1 : ready / total;
    },
    tone: (object) => {
      const { ready, total } = value(object);
      return ready < total ? "warning" : undefined;
    },
  };
}

export type UsageOf = (
  object: KubeObject,
  context: RowContext,
) => { readonly cpu: number; readonly memory: number } | undefined;

/** CPU in millicores and MEM in mebibytes, as `kubectl top`. */
export function usageColumns(usage: UsageOf): readonly Column[] {
  return [
    {
      id: "cpu",
      title: "CPU",
      align: "right",
      needs: "metrics",
      keep: 6,
      text: (object, context) => {
        const used = usage(object, context);
        return used === undefined ? "n/a" : formatMillicores(used.cpu);
      },
      sortKey: (object, context) => usage(object, context)?.cpu ?? -1,
    },
    {
      id: "mem",
      title: "MEM",
      align: "right",
      needs: "metrics",
      keep: 6,
      text: (object, context) => {
        const used = usage(object, context);
        return used === undefined ? "n/a" : formatMebibytes(used.memory);
      },
      sortKey: (object, context) => usage(object, context)?.memory ?? -1,
    },
  ];
}

/** Use as a share of a request, limit or capacity: `-` where there is none, `n/a` without a sample. */
export function shareColumn(
  title: string,
  resource: "cpu" | "memory",
  usage: UsageOf,
  of: (object: KubeObject) => number | undefined,
  extra: Extra = {},
): Column {
  const share = (object: KubeObject, context: RowContext): number | undefined => {
    const used = usage(object, context)?.[resource];
    const whole = of(object);
    return used === undefined || whole === undefined || whole === 0 ? undefined : (used / whole) * 100;
  };
  return {
    id: columnId(title),
    title,
    align: "right",
    needs: "metrics",
    keep: 4,
    text: (object, context) => {
      if (of(object) === undefined) return "-";
      const percent = share(object, context);
      return percent === undefined ? "n/a" : String(Math.round(percent));
    },
    sortKey: (object, context) => share(object, context) ?? -1,
    tone: (object, context) => shareTone(share(object, context)),
    ...extra,
  };
}

function shareTone(percent: number | undefined): Tone | undefined {
  if (percent === undefined || percent < 80) return undefined;
  return percent < 95 ? "warning" : "error";
}

/** A column that joins another list: `…` until that has come, `n/a` where it is not to be had. */
export function joinColumn<Name extends JoinName>(
  title: string,
  needs: Name,
  cell: {
    text(value: Joined[Name], object: KubeObject): string;
    sortKey(value: Joined[Name], object: KubeObject): number | string;
    tone?(value: Joined[Name], object: KubeObject): Tone | undefined;
  },
  extra: Extra = {},
): Column {
  const answer = (object: KubeObject, context: RowContext): JoinAnswer<Joined[Name]> =>
    context.joined?.(needs, objectPath(object)) ?? { state: "loading" };
  return {
    id: columnId(title),
    title,
    needs,
    text: (object, context) => {
      const known = answer(object, context);
      if (known.state === "known") return cell.text(known.value, object);
      return known.state === "loading" ? "…" : "n/a";
    },
    sortKey: (object, context) => {
      const known = answer(object, context);
      return known.state === "known" ? cell.sortKey(known.value, object) : -1;
    },
    tone: (object, context) => {
      const known = answer(object, context);
      return known.state === "known" ? cell.tone?.(known.value, object) : "muted";
    },
    ...extra,
  };
}

/**
 * CONTAINERS, IMAGES and SELECTOR of a workload, as `kubectl get -o wide`.
 * @param path where its spec is
 */
export function templateColumnsAt(...path: readonly string[]): readonly Column[] {
  const field = (object: KubeObject, name: "name" | "image"): string =>
    asRecords(at(object, ...path, "template", "spec", "containers"))
      .map((container) => asString(container[name]))
      .join(",");
  return [
    textColumn("CONTAINERS", (object) => field(object, "name"), { wide: true, keep: 2 }),
    textColumn("IMAGES", (object) => field(object, "image"), { wide: true, keep: 3, minWidth: 10 }),
    textColumn("SELECTOR", (object) => selectorText(at(object, ...path, "selector")), {
      wide: true,
      keep: 1,
      minWidth: 10,
    }),
  ];
}

export const templateColumns = templateColumnsAt("spec");

/** A selector field as kubectl prints it; `<none>` where there is none. */
export function selectorText(selector: unknown): string {
  const text = formatLabelSelector(selectorFromObject(selector) ?? []);
  return text === "" ? "<none>" : text;
}

/** The label selector for a query, `undefined` where the object selects nothing. */
export function querySelector(selector: unknown): string | undefined {
  const requirements = selectorFromObject(selector);
  if (requirements === undefined || requirements.length === 0) return undefined;
  return formatLabelSelector(requirements);
}

/** Numbers of an address, so that 10.0.0.9 sorts before 10.0.0.10; other texts sort after all addresses. */
export function addressKey(address: string): number | string {
  let key = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  // Character by character: sorting reads an address for every row.
  for (let at = 0; at <= address.length; at += 1) {
    const unit = at < address.length ? address.charCodeAt(at) : DOT;
    if (unit === DOT) {
      if (digits === 0) return address;
      key = key * 256 + part;
      [part, digits, dots] = [0, 0, dots + 1];
    } else if (unit >= DIGIT_0 && unit <= DIGIT_9 && digits < 3) {
      part = part * 10 + unit - DIGIT_0;
      digits += 1;
    } else return address;
  }
  return dots === 4 ? key : address;
}

const DOT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
