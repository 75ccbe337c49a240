import { z } from "zod";

const port = z.int().min(1).max(65_535);

const savedForward = z.strictObject({
  target: z.string().regex(/^[^\s/]+\/[^\s/]+$/, "expected kind/name, such as deployment/web"),
  namespace: z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "expected the name of a namespace"),
  port: z.union([port, z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)], "expected a port: a number or a name"),
  local: z.int().min(0).max(65_535).default(0),
});

/** `port-forwards.yaml`; loaded only where there is such a file. */
export const forwardSetsSchema = z.strictObject({
  contexts: z
    .record(z.string(), z.record(z.string().regex(/^[A-Za-z0-9][\w.-]*$/, "a set is one word"), z.array(savedForward)))
    .default({}),
});
