import type { KubeObject } from "../../src/lib/kube/object.ts";

const EPOCH = Date.parse("2026-01-01T00:00:00Z");

function uid(kind: number, index: number): string {
  return `00000000-0000-4000-${(0x8000 + kind).toString(16)}-${index.toString(16).padStart(12, "0")}`;
}

function timeAt(index: number): string {
  return new Date(EPOCH + index * 1000).toISOString().replace(".000", "");
}

export interface PodShape {
  readonly name: string;
  readonly namespace: string;
  readonly index: number;
  readonly node: string;
  readonly owner?: { readonly name: string; readonly uid: string };
  readonly phase?: string;
  readonly restarts?: number;
}

/** A running pod of about 2 KB of JSON, as small real ones are. */
export function fakePod(shape: PodShape): KubeObject {
  const { name, namespace, index, node, owner, phase = "Running", restarts = index % 7 === 0 ? index % 5 : 0 } = shape;
  const app = owner?.name.replace(/-[^-]*$/, "") ?? name;
  const created = timeAt(index);
  const running = phase === "Running";
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace,
      uid: uid(1, index),
      creationTimestamp: created,
      labels: { app, "pod-template-hash": "6d4cf56db6" },
      ...(owner === undefined
        ? {}
        : {
            generateName: `${owner.name}-`,
            ownerReferences: [
              { apiVersion: "apps/v1", kind: "ReplicaSet", ...owner, controller: true, blockOwnerDeletion: true },
            ],
          }),
    },
    spec: {
      containers: [
        {
          name: "web",
          image: `registry.example/${app}:1.${index % 10}`,
          ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
          env: [{ name: "POD_NAME", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } }],
          resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "500m", memory: "128Mi" } },
          volumeMounts: [{ name: "token", readOnly: true, mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" }],
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
          imagePullPolicy: "IfNotPresent",
        },
      ],
      volumes: [{ name: "token", projected: { defaultMode: 420, sources: [] } }],
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      dnsPolicy: "ClusterFirst",
      serviceAccountName: "default",
      nodeName: node,
      schedulerName: "default-scheduler",
      tolerations: [
        { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
      ],
      priority: 0,
    },
    status: {
      phase,
      conditions: ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map((type) => ({
        type,
        status: running || type === "PodScheduled" ? "True" : "False",
        lastProbeTime: null,
        lastTransitionTime: created,
      })),
      hostIP: "192.0.2.10",
      podIP: `10.244.${(index >> 8) & 255}.${index & 255}`,
      startTime: created,
      containerStatuses: [
        {
          name: "web",
          ready: running,
          started: running,
          restartCount: restarts,
          image: `registry.example/${app}:1.${index % 10}`,
          imageID: `registry.example/${app}@sha256:${"ab".repeat(32)}`,
          containerID: `containerd://${index.toString(16).padStart(64, "0")}`,
          state: running ? { running: { startedAt: created } } : { waiting: { reason: "ContainerCreating" } },
          lastState: {},
        },
      ],
      qosClass: "Burstable",
    },
  };
}

/** How many objects the generated cluster has. */
export interface ClusterShape {
  readonly pods: number;
  readonly nodes: number;
  readonly namespaces: number;
}

function fakeNode(index: number): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: `node-${index}`,
      uid: uid(2, index),
      creationTimestamp: timeAt(index),
      labels: { "kubernetes.io/hostname": `node-${index}`, "node-role.kubernetes.io/worker": "" },
    },
    spec: { podCIDR: `10.244.${index}.0/24` },
    status: {
      capacity: { cpu: "8", memory: "32Gi", pods: "110" },
      allocatable: { cpu: "7800m", memory: "31Gi", pods: "110" },
      conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", lastTransitionTime: timeAt(index) }],
      addresses: [{ type: "InternalIP", address: `192.0.2.${index + 10}` }],
      nodeInfo: {
        kubeletVersion: "v1.36.0",
        osImage: "Example Linux 1",
        kernelVersion: "6.1.0",
        containerRuntimeVersion: "containerd://2.0.0",
        architecture: "amd64",
        operatingSystem: "linux",
      },
    },
  };
}

function fakeNamespace(name: string, index: number): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name,
      uid: uid(3, index),
      creationTimestamp: timeAt(index),
      labels: { "kubernetes.io/metadata.name": name },
    },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" },
  };
}

function fakeWorkload(
  kind: "Deployment" | "ReplicaSet",
  shape: { readonly name: string; readonly namespace: string; readonly index: number; readonly replicas: number },
  owner?: KubeObject,
): KubeObject {
  const { name, namespace, index, replicas } = shape;
  const app = owner?.metadata.name ?? name;
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: {
      name,
      namespace,
      uid: uid(kind === "Deployment" ? 4 : 5, index),
      creationTimestamp: timeAt(index),
      generation: 1,
      labels: { app },
      annotations: { "deployment.kubernetes.io/revision": "1" },
      ...(owner === undefined
        ? {}
        : {
            ownerReferences: [
              {
                apiVersion: "apps/v1",
                kind: "Deployment",
                name: app,
                uid: owner.metadata.uid ?? "",
                controller: true,
                blockOwnerDeletion: true,
              },
            ],
          }),
    },
    spec: {
      replicas,
      selector: { matchLabels: { app } },
      template: {
        metadata: { labels: { app } },
        spec: { containers: [{ name: "web", image: `registry.example/${app}:1.0` }] },
      },
    },
    status: {
      observedGeneration: 1,
      replicas,
      updatedReplicas: replicas,
      readyReplicas: replicas,
      availableReplicas: replicas,
    },
  };
}

const PODS_PER_DEPLOYMENT = 10;

/** The objects of a generated cluster, the same for the same shape. */
export function* fakeObjects(shape: ClusterShape): Generator<KubeObject> {
  const namespaces = Array.from({ length: shape.namespaces }, (_, index) =>
    index === 0 ? "default" : index === 1 ? "kube-system" : `team-${index - 1}`,
  );
  for (const [index, name] of namespaces.entries()) yield fakeNamespace(name, index);
  for (let index = 0; index < shape.nodes; index += 1) yield fakeNode(index);
  let pod = 0;
  for (let index = 0; pod < shape.pods; index += 1) {
    const namespace = namespaces[index % namespaces.length] ?? "default";
    const replicas = Math.min(PODS_PER_DEPLOYMENT, shape.pods - pod);
    const deployment = fakeWorkload("Deployment", { name: `web-${index}`, namespace, index, replicas });
    const replicaSet = fakeWorkload(
      "ReplicaSet",
      { name: `web-${index}-6d4cf56db6`, namespace, index, replicas },
      deployment,
    );
    yield deployment;
    yield replicaSet;
    yield fakeService(`web-${index}`, namespace, index);
    for (let count = 0; count < replicas; count += 1, pod += 1) {
      yield fakePod({
        name: `web-${index}-6d4cf56db6-${pod.toString(36).padStart(5, "0")}`,
        namespace,
        index: pod,
        node: `node-${pod % Math.max(1, shape.nodes)}`,
        owner: { name: replicaSet.metadata.name ?? "", uid: replicaSet.metadata.uid ?? "" },
      });
    }
  }
}

function fakeService(name: string, namespace: string, index: number): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, uid: uid(6, index), creationTimestamp: timeAt(index), labels: { app: name } },
    spec: {
      type: "ClusterIP",
      clusterIP: `10.96.${(index >> 8) & 255}.${index & 255}`,
      selector: { app: name },
      ports: [{ name: "http", port: 80, targetPort: 8080, protocol: "TCP" }],
    },
    status: { loadBalancer: {} },
  };
}
