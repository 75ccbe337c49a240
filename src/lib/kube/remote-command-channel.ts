/** `v4.channel.k8s.io` and `v5.channel.k8s.io`: the first byte of each message says which stream it belongs to. */
export const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
