/**
 * Kinds that rule the cluster itself, as npm's `kubernetes-models` describes them. Loaded lazily.
 *
 * @module
 */

export { MutatingWebhookConfiguration } from "kubernetes-models/admissionregistration.k8s.io/v1/MutatingWebhookConfiguration";
export { ValidatingAdmissionPolicy } from "kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy";
export { ValidatingAdmissionPolicyBinding } from "kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding";
export { ValidatingWebhookConfiguration } from "kubernetes-models/admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration";
export { CustomResourceDefinition } from "kubernetes-models/apiextensions.k8s.io/v1/CustomResourceDefinition";
export { APIService } from "kubernetes-models/apiregistration.k8s.io/v1/APIService";
export { Lease } from "kubernetes-models/coordination.k8s.io/v1/Lease";
export { EndpointSlice } from "kubernetes-models/discovery.k8s.io/v1/EndpointSlice";
export { RuntimeClass } from "kubernetes-models/node.k8s.io/v1/RuntimeClass";
export { ClusterRole } from "kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole";
export { ClusterRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding";
export { Role } from "kubernetes-models/rbac.authorization.k8s.io/v1/Role";
export { RoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding";
export { PriorityClass } from "kubernetes-models/scheduling.k8s.io/v1/PriorityClass";
export { CSIDriver } from "kubernetes-models/storage.k8s.io/v1/CSIDriver";
export { StorageClass } from "kubernetes-models/storage.k8s.io/v1/StorageClass";
