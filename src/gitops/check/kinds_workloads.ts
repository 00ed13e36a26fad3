/**
 * Kinds most apps are made of, as npm's `kubernetes-models` describes them. Large: loaded lazily.
 *
 * @module
 */

export { DaemonSet } from "kubernetes-models/apps/v1/DaemonSet";
export { Deployment } from "kubernetes-models/apps/v1/Deployment";
export { ReplicaSet } from "kubernetes-models/apps/v1/ReplicaSet";
export { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
export { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from "kubernetes-models/autoscaling/v1/HorizontalPodAutoscaler";
export { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
export { CronJob } from "kubernetes-models/batch/v1/CronJob";
export { Job } from "kubernetes-models/batch/v1/Job";
export { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
export { IngressClass } from "kubernetes-models/networking.k8s.io/v1/IngressClass";
export { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
export { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
export { ConfigMap } from "kubernetes-models/v1/ConfigMap";
export { Endpoints } from "kubernetes-models/v1/Endpoints";
export { LimitRange } from "kubernetes-models/v1/LimitRange";
export { Namespace } from "kubernetes-models/v1/Namespace";
export { PersistentVolume } from "kubernetes-models/v1/PersistentVolume";
export { PersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
export { Pod } from "kubernetes-models/v1/Pod";
export { PodTemplate } from "kubernetes-models/v1/PodTemplate";
export { ReplicationController } from "kubernetes-models/v1/ReplicationController";
export { ResourceQuota } from "kubernetes-models/v1/ResourceQuota";
export { Secret } from "kubernetes-models/v1/Secret";
export { Service } from "kubernetes-models/v1/Service";
export { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
