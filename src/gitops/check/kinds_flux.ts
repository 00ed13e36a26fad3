/**
 * Flux's kinds, as `@kubernetes-models/flux-cd` describes them. Loaded lazily.
 *
 * @module
 */

import { HelmRelease } from "@kubernetes-models/flux-cd/helm.toolkit.fluxcd.io/v2/HelmRelease";
import { Kustomization } from "@kubernetes-models/flux-cd/kustomize.toolkit.fluxcd.io/v1/Kustomization";
import { Receiver } from "@kubernetes-models/flux-cd/notification.toolkit.fluxcd.io/v1/Receiver";
import { Alert } from "@kubernetes-models/flux-cd/notification.toolkit.fluxcd.io/v1beta3/Alert";
import { Provider } from "@kubernetes-models/flux-cd/notification.toolkit.fluxcd.io/v1beta3/Provider";
import { Bucket } from "@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/Bucket";
import { GitRepository } from "@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/GitRepository";
import { HelmChart } from "@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/HelmChart";
import { HelmRepository } from "@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/HelmRepository";
import { OCIRepository } from "@kubernetes-models/flux-cd/source.toolkit.fluxcd.io/v1/OCIRepository";
import type { ObjectKind } from "./object_kind.ts";

/** Classes of the kinds; each knows its `apiVersion` and `kind`. */
export const KINDS: readonly ObjectKind[] = [
  Alert,
  Bucket,
  GitRepository,
  HelmChart,
  HelmRelease,
  HelmRepository,
  Kustomization,
  OCIRepository,
  Provider,
  Receiver,
];
