/**
 * Everything that is shown of a cluster: what Kubernetes itself has, and what Flux follows.
 *
 * @module
 */

import * as z from "zod";
import {
  COLLECTIONS,
  type CollectionSource,
  type CollectionSources,
} from "../cluster/watch/collections.ts";
import {
  type FluxKind,
  fluxPath,
  readFluxObject,
  type WatchedFluxObject,
} from "../gitops/flux/flux_status.ts";

const Identified = z.object({ metadata: z.object({ uid: z.string() }) });

/** Where each collection lies, and how an object of it is read. */
export const LIVE_COLLECTIONS: CollectionSources = {
  ...COLLECTIONS,
  gitRepositories: fluxCollection("GitRepository"),
  kustomizations: fluxCollection("Kustomization"),
};

/** Objects of a kind of Flux, which may not be installed. */
function fluxCollection(kind: FluxKind): CollectionSource<WatchedFluxObject> {
  return {
    path: fluxPath(kind),
    pick: (value) => ({
      ...readFluxObject(kind, value),
      uid: Identified.parse(value).metadata.uid,
    }),
    optional: true,
  };
}
