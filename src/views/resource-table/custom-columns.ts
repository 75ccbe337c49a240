import type { Settings } from "../../config/settings-schema.ts";
import { ageOf } from "../../lib/age.ts";
import { parseColumnSpec, parseSortSpec, type ColumnSpec } from "../../lib/column-spec.ts";
import { groupResource, type ApiResource } from "../../lib/kube/gvr.ts";
import { parseQuantity } from "../../lib/quantity.ts";
import { ageKey, columnId } from "../../resources/columns.ts";
import type { KindDefinition } from "../../resources/kind.ts";
import { scalarText } from "../../resources/scalar-text.ts";
import { names } from "../../state/resource-names.ts";
import type { Sort, TableColumn, TableRow } from "../../state/table/table-column.ts";

type ViewSettings = Settings["views"][string];
type PathColumn = Extract<ColumnSpec, { readonly title: string }>;

/** The columns and the order that the settings give a kind (`views`), instead of its own. */
export class CustomColumns {
  /** How the table is sorted until the user says otherwise. */
  readonly sort: Sort | undefined;
  readonly #specs: readonly ColumnSpec[];
  readonly #now: () => number;
  /** What sort keys are made of: it stands still. */
  readonly #start: number;

  /** @param settings read without a fault: their columns can be parsed */
  constructor(settings: ViewSettings, now: () => number) {
    this.#specs = (settings.columns ?? []).map((text) => parseColumnSpec(text));
    this.#now = now;
    this.#start = now();
    if (settings.sort !== undefined) {
      const { title, descending } = parseSortSpec(settings.sort);
      this.sort = { column: columnId(title), descending };
    }
  }

  /** The columns in the order of the settings; in wide mode the others come after them. */
  arrange(own: readonly TableColumn[], wide: boolean): readonly TableColumn[] {
    if (this.#specs.length === 0) return own;
    const chosen = this.#specs.flatMap((spec) => {
      if ("title" in spec) return [this.#pathColumn(spec)];
      const found = findOwn(own, spec.own);
      // Asked for by name, it is no wide column any more.
      return found === undefined ? [] : [{ ...found, wide: false }];
    });
    const ids = new Set(chosen.map(({ id }) => id));
    return wide ? [...chosen, ...own.filter(({ id }) => !ids.has(id))] : chosen;
  }

  /** Names of the settings that no column has. */
  missing(own: readonly TableColumn[]): readonly string[] {
    return this.#specs.flatMap((spec) =>
      "title" in spec || findOwn(own, spec.own) !== undefined ? [] : [`no column ${spec.own}`],
    );
  }

  #pathColumn({ title, path, type }: PathColumn): TableColumn {
    const values = ({ object }: TableRow): readonly unknown[] =>
      path(object).filter((value) => value !== undefined && value !== null);
    const only = (row: TableRow): string => scalarText(values(row)[0]);
    const base = { id: columnId(title), title, minWidth: 6, keep: 8 };
    if (type === "age") {
      return {
        ...base,
        clock: true,
        text: (row) => (values(row).length === 0 ? "<none>" : ageOf(only(row), this.#now())),
        sortKey: (row) => ageKey(only(row), this.#start),
      };
    }
    const text = (row: TableRow): string => values(row).map(scalarText).join(",") || "<none>";
    if (type === "text") return { ...base, text, sortKey: text };
    const amount = type === "number" ? Number : parseQuantity;
    return {
      ...base,
      align: "right",
      text,
      sortKey: (row) => {
        const amounts = values(row).map((value) => amount(value) ?? Number.NaN);
        const sum = amounts.reduce((total, each) => total + each, 0);
        return amounts.length === 0 || Number.isNaN(sum) ? Number.NEGATIVE_INFINITY : sum;
      },
    };
  }
}

/** The columns that the settings give a resource, by any of its names. */
export function customColumnsOf(
  views: Settings["views"],
  resource: ApiResource,
  kinds: readonly KindDefinition[],
  now: () => number,
): CustomColumns | undefined {
  const called = names(resource, kinds);
  const settings =
    views[groupResource(resource)] ?? Object.entries(views).find(([name]) => called.includes(name.toLowerCase()))?.[1];
  return settings === undefined ? undefined : new CustomColumns(settings, now);
}

function findOwn(own: readonly TableColumn[], name: string): TableColumn | undefined {
  const wanted = name.toLowerCase();
  return own.find(({ id, title }) => id === wanted || title.toLowerCase() === wanted);
}
