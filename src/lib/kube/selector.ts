import { KelpieError } from "../errors.ts";
import { asArray, asRecord, asRecords, asString, isRecord } from "./object.ts";

/** One requirement of a label selector. */
export interface Requirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt";
  readonly values: readonly string[];
}

/** All requirements must hold. An empty selector selects everything. */
export type LabelSelector = readonly Requirement[];

export class SelectorError extends KelpieError {
  override readonly name = "SelectorError";
}

const NAME = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/**
 * Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1` as upstream does (apimachinery pkg/labels/selector.go).
 * @throws SelectorError where the text is not a selector
 */
export function parseLabelSelector(text: string): LabelSelector {
  const parts = splitTopLevel(text);
  return parts.map((part) => parseRequirement(part.trim(), text));
}

function splitTopLevel(text: string): string[] {
  if (text.trim() === "") return [];
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === "(") depth += 1;
    else if (character === ")") depth -= 1;
    else if (character === "," && depth === 0) {
      parts.push(text.slice(start, index));
      start = index + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function parseRequirement(part: string, whole: string): Requirement {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part);
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = list.split(",").map((value) => value.trim());
    return requirement(key, operator === "in" ? "In" : "NotIn", values, whole);
  }
  if (part.startsWith("!")) return requirement(part.slice(1).trim(), "DoesNotExist", [], whole);
  const binary = /^([^=!<>\s]+)\s*(==|=|!=|<|>)\s*([^=!<>\s]*)$/.exec(part);
  if (binary !== null) {
    const [, key = "", operator, value = ""] = binary;
    const operators = { "=": "In", "==": "In", "!=": "NotIn", "<": "Lt", ">": "Gt" } as const;
    return requirement(key, operators[operator as keyof typeof operators], [value], whole);
  }
  return requirement(part, "Exists", [], whole);
}

function requirement(
  key: string,
  operator: Requirement["operator"],
  values: readonly string[],
  whole: string,
): Requirement {
  if (!NAME.test(key)) throw new SelectorError(`unable to parse requirement "${key}" of the selector "${whole}"`);
  return { key, operator, values };
}

export function matchesLabels(selector: LabelSelector, labels: Readonly<Record<string, string>> | undefined): boolean {
  return selector.every((required) => {
    const value = labels?.[required.key];
    switch (required.operator) {
      case "In":
        return value !== undefined && required.values.includes(value);
      case "NotIn":
        return value === undefined || !required.values.includes(value);
      case "Exists":
        return value !== undefined;
      case "DoesNotExist":
        return value === undefined;
      case "Gt":
        return value !== undefined && Number(value) > Number(required.values[0]);
      case "Lt":
        return value !== undefined && Number(value) < Number(required.values[0]);
    }
  });
}

/** The text form that {@link parseLabelSelector} reads, for a query string. */
export function formatLabelSelector(selector: LabelSelector): string {
  return selector
    .map(({ key, operator, values }) => {
      switch (operator) {
        case "In":
          return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(",")})`;
        case "NotIn":
          return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(",")})`;
        case "Exists":
          return key;
        case "DoesNotExist":
          return `!${key}`;
        case "Gt":
          return `${key}>${values[0]}`;
        case "Lt":
          return `${key}<${values[0]}`;
      }
    })
    .join(",");
}

/**
 * A selector from an object's field: a `metav1.LabelSelector` (`matchLabels`, `matchExpressions`) or the plain map of
 * a Service or ReplicationController. `undefined` for a missing one, which selects nothing.
 */
export function selectorFromObject(value: unknown): LabelSelector | undefined {
  if (!isRecord(value)) return undefined;
  const structured = "matchLabels" in value || "matchExpressions" in value;
  const equals = Object.entries(structured ? asRecord(value["matchLabels"]) : value).map(
    ([key, wanted]): Requirement => ({ key, operator: "In", values: [asString(wanted)] }),
  );
  if (!structured) return equals;
  const expressions = asRecords(value["matchExpressions"]).map((expression): Requirement => ({
    key: asString(expression["key"]),
    operator: setOperator(expression["operator"]),
    values: asArray(expression["values"]).map((entry) => asString(entry)),
  }));
  return [...equals, ...expressions];
}

function setOperator(value: unknown): Requirement["operator"] {
  return value === "In" || value === "NotIn" || value === "Exists" || value === "DoesNotExist" ? value : "In";
}

/** One term of a field selector. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** @throws SelectorError where the text is not a field selector */
export function parseFieldSelector(text: string): readonly FieldRequirement[] {
  if (text.trim() === "") return [];
  return text.split(/(?<!\\),/).map((part) => {
    const match = /^([^=!]+?)(==|!=|=)(.*)$/s.exec(part.trim());
    if (match === null)
      throw new SelectorError(`invalid field selector "${part}": expected field=value or field!=value`);
    const [, field = "", operator, value = ""] = match;
    return { field, operator: operator === "!=" ? "!=" : "=", value: value.replaceAll(/\\([\\,=])/g, "$1") };
  });
}
