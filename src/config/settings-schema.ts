import { z } from "zod";
import { parseColumnSpec, parseSortSpec } from "../lib/column-spec.ts";
import { errorMessage } from "../lib/errors.ts";

const contextSettings = z.strictObject({
  readOnly: z.boolean().optional().describe("Refuse every write in this context, whatever readOnly says."),
  protection: z
    .enum(["open", "confirm", "type-name", "read-only"])
    .optional()
    .describe("open, confirm (a question before each write), type-name (the name is typed too) or read-only."),
  portForwards: z.array(z.string()).optional().describe("Sets of port-forwards that open with this context."),
});

/** A check of a text by what reads it later. */
function readable(read: (text: string) => unknown): (text: string, context: z.core.$RefinementCtx<string>) => void {
  return (text, context) => {
    try {
      read(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: errorMessage(error) });
    }
  };
}

const viewSettings = z.strictObject({
  columns: z
    .array(z.string().superRefine(readable(parseColumnSpec)))
    .optional()
    .describe(
      "Columns in order: titles of the kind's own, or TITLE:jsonpath with |number, |quantity or |age after it.",
    ),
  sort: z.string().superRefine(readable(parseSortSpec)).optional().describe("A column, or a column with :desc."),
});

/**
 * Every setting of `config.yaml`: type, default and description. `npm run gen` writes the defaults to
 * `default-settings.gen.ts`, so that a start without a file does not load zod (50 ms).
 */
export const settingsSchema = z.strictObject({
  readOnly: z.boolean().default(false).describe("Refuse every write. The flags --readonly and --write override it."),
  mouse: z
    .boolean()
    .default(true)
    .describe("Click and wheel. false leaves the mouse to the terminal: text is selected without Shift."),
  theme: z
    .string()
    .default("dark")
    .describe("Colours: dark, light, high-contrast, high-contrast-light, colour-blind, colour-blind-light or mono."),
  changeMarks: z.boolean().default(true).describe("Mark cells that have just changed, for three seconds."),
  keys: z
    .record(z.string(), z.array(z.string()))
    .default({})
    .describe("Keys by action id, instead of the built-in ones: {resource.delete: [ctrl-x]}. An empty list unbinds."),
  namespaces: z
    .strictObject({
      favourites: z.array(z.string()).max(9).default([]).describe("Namespaces on the keys 1 to 9."),
    })
    .prefault({}),
  views: z
    .record(z.string(), viewSettings)
    .default({})
    .describe(
      "Columns and order of tables by kind: {pods: {columns: [NAME, 'TEAM:.metadata.labels.team'], sort: AGE:desc}}.",
    ),
  contexts: z.record(z.string(), contextSettings).default({}).describe("Settings of single contexts, by name."),
  logs: z
    .strictObject({
      tailLines: z.int().min(1).max(100_000).default(1000).describe("Lines shown when a log opens."),
      bufferMegabytes: z.int().min(1).max(4096).default(64).describe("Memory one log view may hold."),
    })
    .prefault({}),
  debug: z
    .strictObject({
      image: z.string().min(1).default("busybox:stable").describe("Image that the dialog of a debug container offers."),
    })
    .prefault({}),
  nodeShell: z
    .strictObject({
      image: z
        .string()
        .min(1)
        .default("busybox:stable")
        .describe("Image of the pod behind a node shell; it needs sh and nsenter."),
      namespace: z.string().min(1).default("default").describe("Namespace of that pod; it must allow privileged pods."),
    })
    .prefault({}),
  local: z
    .strictObject({
      autoStart: z.boolean().default(true).describe("Start the embedded cluster when no other is configured."),
    })
    .prefault({}),
});

/** The settings after defaults. */
export type Settings = z.output<typeof settingsSchema>;

/** One setting for `kelpie config explain`: its path with dots, default and description. */
export interface SettingDescription {
  readonly path: string;
  readonly defaultValue: unknown;
  readonly description: string;
}

export function describeSettings(): readonly SettingDescription[] {
  const found: SettingDescription[] = [];
  const walk = (shape: Readonly<Record<string, z.core.$ZodType>>, prefix: string, defaults: unknown): void => {
    for (const [key, field] of Object.entries(shape)) {
      const value = typeof defaults === "object" && defaults !== null ? Reflect.get(defaults, key) : undefined;
      const inner = field instanceof z.ZodPrefault ? field.def.innerType : field;
      if (inner instanceof z.ZodObject) walk(inner.shape, `${prefix}${key}.`, value);
      else {
        const description = z.globalRegistry.get(field)?.description ?? "";
        found.push({ path: `${prefix}${key}`, defaultValue: value, description });
      }
    }
  };
  walk(settingsSchema.shape, "", settingsSchema.parse({}));
  return found;
}
