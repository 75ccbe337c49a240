/**
 * The tag of an image reference: `latest` where neither a tag nor a digest is given, `""` where there is only a digest
 * (pkg/util/parsers).
 */
export function imageTag(reference: string): string {
  const at = reference.indexOf("@");
  const name = at === -1 ? reference : reference.slice(0, at);
  const colon = name.lastIndexOf(":");
  // A colon before the last slash belongs to the registry's port.
  if (colon > name.lastIndexOf("/")) return name.slice(colon + 1);
  return at === -1 ? "latest" : "";
}
