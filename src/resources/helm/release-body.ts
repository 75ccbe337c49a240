import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { errorMessage, KelpieError } from "../../lib/errors.ts";
import { asRecord, asRecords, asString, at } from "../../lib/kube/object.ts";
import { fieldRanges, type FieldRanges } from "./json-fields.ts";
import type { ReleaseDriver } from "./stored-release.ts";

/** A hook of a release: what helm runs before or after an operation, beside the manifest. */
export interface ReleaseHook {
  readonly kind: string;
  readonly name: string;
  /** `pre-install`, `post-rollback`, `test`, … */
  readonly events: readonly string[];
}

/** What is told of a revision in a list. */
export interface ReleaseSummary {
  /** `web-1.2.3`, as `helm list` prints it. */
  readonly chart: string;
  readonly appVersion: string;
  readonly status: string;
  readonly description: string;
  /** Milliseconds since the epoch, NaN where it does not tell. */
  readonly updated: number;
}

/** Chart, values and manifest of one release are seldom above 10 MB; what unpacks to more is no release. */
const MOST_BYTES = 128 * 1024 * 1024;
const GZIP_MAGIC = Buffer.from([0x1f, 0x8b, 0x08]);

const inflate = promisify(gunzip);
const deflate = promisify(gzip);

/**
 * The JSON text of a release as helm keeps it: gzip, then base64 (helm/pkg/storage/driver/util.go), which the API
 * encodes once more in a Secret. Very old releases are not compressed.
 * @param data `data.release` of the Secret or ConfigMap
 * @throws KelpieError where it is none
 */
export async function unpackRelease(driver: ReleaseDriver, data: unknown): Promise<ReleaseBody> {
  const text = driver === "secrets" ? Buffer.from(asString(data), "base64").toString("latin1") : asString(data);
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === 0) throw new KelpieError("it holds no release");
  try {
    const packed = bytes.subarray(0, 3).equals(GZIP_MAGIC);
    return new ReleaseBody(packed ? await inflate(bytes, { maxOutputLength: MOST_BYTES }) : bytes);
  } catch (error) {
    throw new KelpieError(`it holds no release that can be read: ${errorMessage(error)}`, { cause: error });
  }
}

/** The reverse of {@link unpackRelease}: what goes into `data.release`. */
export async function packRelease(driver: ReleaseDriver, body: Buffer): Promise<string> {
  const encoded = (await deflate(body, { level: 9 })).toString("base64");
  return driver === "secrets" ? Buffer.from(encoded, "latin1").toString("base64") : encoded;
}

/**
 * A release: helm/pkg/release/release.go as JSON. Only what is asked for is parsed, as the chart's files make most of
 * its bytes; what goes into another revision is taken over byte by byte, so that no number in it changes.
 */
export class ReleaseBody {
  readonly #json: Buffer;
  readonly #fields: FieldRanges;

  /** @throws SyntaxError where it is no JSON object */
  constructor(json: Buffer) {
    this.#json = json;
    this.#fields = fieldRanges(json, 0);
  }

  get info(): Readonly<Record<string, unknown>> {
    return asRecord(this.#parse("info"));
  }

  get summary(): ReleaseSummary {
    const { info } = this;
    const metadata = this.#chart("metadata");
    const [name, version] = [asString(at(metadata, "name")), asString(at(metadata, "version"))];
    return {
      chart: version === "" ? name : `${name}-${version}`,
      appVersion: asString(at(metadata, "appVersion")),
      status: asString(info["status"], "unknown"),
      description: asString(info["description"]),
      updated: Date.parse(asString(info["last_deployed"])),
    };
  }

  /** The values the user gave. */
  get values(): Readonly<Record<string, unknown>> {
    return asRecord(this.#parse("config"));
  }

  /** The values the chart has where the user gave none. */
  get defaults(): Readonly<Record<string, unknown>> {
    return asRecord(this.#chart("values"));
  }

  /** YAML documents, in the order of installation. */
  get manifest(): string {
    return asString(this.#parse("manifest"));
  }

  get notes(): string {
    return asString(this.info["notes"]);
  }

  get hooks(): readonly ReleaseHook[] {
    return asRecords(this.#parse("hooks")).map((hook) => ({
      kind: asString(hook["kind"]),
      name: asString(hook["name"]),
      events: (Array.isArray(hook["events"]) ? hook["events"] : []).map((event) => asString(event)),
    }));
  }

  /** The same release with other words about it, as JSON. */
  with(change: { readonly info: Readonly<Record<string, unknown>>; readonly revision?: number }): Buffer {
    const parts: Buffer[] = [];
    const put = (name: string, value: Buffer | string): void => {
      parts.push(Buffer.from(`${parts.length === 0 ? "{" : ","}${JSON.stringify(name)}:`), Buffer.from(value));
    };
    for (const name of this.#fields.keys()) {
      if (name === "info") put(name, JSON.stringify(change.info));
      else if (name === "version" && change.revision !== undefined) put(name, String(change.revision));
      else put(name, this.#raw(name) ?? "null");
    }
    return Buffer.concat([...parts, Buffer.from("}")]);
  }

  #raw(name: string): Buffer | undefined {
    const range = this.#fields.get(name);
    return range === undefined ? undefined : this.#json.subarray(...range);
  }

  #parse(name: string): unknown {
    const raw = this.#raw(name);
    return raw === undefined ? undefined : JSON.parse(raw.toString("utf8"));
  }

  #chart(name: string): unknown {
    const chart = this.#fields.get("chart");
    if (chart === undefined || this.#json[chart[0]] !== 0x7b) return undefined;
    const range = fieldRanges(this.#json, chart[0]).get(name);
    return range === undefined ? undefined : JSON.parse(this.#json.subarray(...range).toString("utf8"));
  }
}
