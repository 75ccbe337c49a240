/**
 * The order in which helm creates objects, by kind (helm/pkg/releaseutil/kind_sorter.go): what others need comes first.
 * Kinds it does not name come last, by their names.
 */
const CREATION: readonly string[] = (
  "PriorityClass Namespace NetworkPolicy ResourceQuota LimitRange PodSecurityPolicy PodDisruptionBudget " +
  "ServiceAccount Secret SecretList ConfigMap StorageClass PersistentVolume PersistentVolumeClaim " +
  "CustomResourceDefinition ClusterRole ClusterRoleList ClusterRoleBinding ClusterRoleBindingList Role RoleList " +
  "RoleBinding RoleBindingList Service DaemonSet Pod ReplicationController ReplicaSet Deployment " +
  "HorizontalPodAutoscaler StatefulSet Job CronJob IngressClass Ingress APIService"
).split(" ");

const BEFORE_SERVICES = new Set(["APIService", "Ingress", "IngressClass"]);

/** The reverse, but that services go before the workloads behind them. */
const DELETION = new Map(
  ["Service", ...CREATION.toReversed().filter((kind) => kind !== "Service")]
    .sort((left, right) => Number(BEFORE_SERVICES.has(right)) - Number(BEFORE_SERVICES.has(left)))
    .map((kind, index) => [kind, index]),
);

/** Objects in the order in which helm deletes them; unknown kinds come last, objects of one kind as they stand. */
export function inDeletionOrder<T extends { readonly kind: string }>(objects: readonly T[]): readonly T[] {
  const rank = (kind: string): number => DELETION.get(kind) ?? DELETION.size;
  return objects.toSorted((left, right) => {
    const difference = rank(left.kind) - rank(right.kind);
    if (difference !== 0 || left.kind === right.kind) return difference;
    return left.kind < right.kind ? -1 : 1;
  });
}
