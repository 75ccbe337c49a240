/** Faults of a text, worded as apimachinery pkg/util/validation; empty where it is good. */
type Check = (text: string) => readonly string[];

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const DNS_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const QUALIFIED_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const CONFIG_KEY = "[-._a-zA-Z0-9]+";

function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}
const LABEL_FORM = whole(LABEL);
const SUBDOMAIN_FORM = whole(SUBDOMAIN);
const DNS_1035_FORM = whole(DNS_1035);
const QUALIFIED_NAME_FORM = whole(QUALIFIED_NAME);
const CONFIG_KEY_FORM = whole(CONFIG_KEY);

function tooLong(text: string, limit: number): readonly string[] {
  return text.length > limit ? [`must be no more than ${limit} bytes`] : [];
}

function formFault(
  text: string,
  form: RegExp,
  message: string,
  examples: readonly string[],
  pattern: string,
): readonly string[] {
  if (form.test(text)) return [];
  const shown = examples.map((example) => `'${example}'`).join(",  or ");
  return [`${message} (e.g. ${shown}, regex used for validation is '${pattern}')`];
}

export const dns1123Label: Check = (text) => [
  ...tooLong(text, 63),
  ...formFault(
    text,
    LABEL_FORM,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    ["my-name", "123-abc"],
    LABEL,
  ),
];

export const dns1123Subdomain: Check = (text) => [
  ...tooLong(text, 253),
  ...formFault(
    text,
    SUBDOMAIN_FORM,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    ["example.com"],
    SUBDOMAIN,
  ),
];

export const dns1035Label: Check = (text) => [
  ...tooLong(text, 63),
  ...formFault(
    text,
    DNS_1035_FORM,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    ["my-name", "abc-123"],
    DNS_1035,
  ),
];

/** Keys of labels, annotations, finalizers: `prefix/name`. */
export const qualifiedName: Check = (text) => {
  const parts = text.split("/");
  const [first = "", second] = parts;
  const faults: string[] = [];
  if (parts.length > 2) {
    return formFault(
      text,
      /^$/,
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      ["MyName", "my.name", "123-abc"],
      QUALIFIED_NAME,
    ).map((fault) => `${fault} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`);
  }
  const name = second ?? first;
  if (second !== undefined) {
    if (first === "") faults.push("prefix part must be non-empty");
    else faults.push(...dns1123Subdomain(first).map((fault) => `prefix part ${fault}`));
  }
  if (name === "") faults.push("name part must be non-empty");
  else if (name.length > 63) faults.push("name part must be no more than 63 bytes");
  const form = formFault(
    name,
    QUALIFIED_NAME_FORM,
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    ["MyName", "my.name", "123-abc"],
    QUALIFIED_NAME,
  );
  return [...faults, ...form.map((fault) => `name part ${fault}`)];
};

export const labelValue: Check = (text) => [
  ...tooLong(text, 63),
  ...(text === ""
    ? []
    : formFault(
        text,
        QUALIFIED_NAME_FORM,
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        ["MyValue", "my_value", "12345"],
        `(${QUALIFIED_NAME})?`,
      )),
];

/** Keys of config maps and secrets. */
export const configMapKey: Check = (text) => {
  const faults = [
    ...tooLong(text, 253),
    ...formFault(
      text,
      CONFIG_KEY_FORM,
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
      ["key.name", "KEY_NAME", "key-name"],
      CONFIG_KEY,
    ),
  ];
  if (text === ".") return [...faults, `must not be '.'`];
  if (text === "..") return [...faults, `must not be '..'`];
  return text.startsWith("..") ? [...faults, `must not start with '..'`] : faults;
};

/** Names of objects that may hold nearly anything: roles and their bindings. */
export const pathSegmentName: Check = (text) => {
  if (text === "." || text === "..") return [`may not be '${text}'`];
  return ["/", "%"]
    .filter((character) => text.includes(character))
    .map((character) => `may not contain '${character}'`);
};

/** Names of ports (IANA service names). */
export const portName: Check = (text) => {
  const faults: string[] = [];
  if (text.length > 15) faults.push("must be no more than 15 bytes");
  if (!/^[-a-z0-9]+$/.test(text)) faults.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(text)) faults.push("must contain at least one letter (a-z)");
  if (text.includes("--")) faults.push("must not contain consecutive hyphens");
  if (text.startsWith("-") || text.endsWith("-")) faults.push("must not begin or end with a hyphen");
  return faults;
};

export const environmentVariableName: Check = (text) =>
  /^[\u0020-\u003C\u003E-\u007E]+$/.test(text)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];

export type { Check };
