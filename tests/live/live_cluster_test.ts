import type { ClusterState } from "../../src/cluster/watch/cluster_state.ts";
import assert from "node:assert/strict";
import type { ActionSystem } from "../../src/actions/action_system.ts";
import { openLiveSession } from "../../src/live/live_cluster.ts";
import { isHeard, type LiveState, NOTHING_HEARD, reduceLive } from "../../src/live/live_state.ts";
import type { LiveSession } from "../../src/live/live_session.ts";
import { FolderAssets } from "../../src/assets/source.ts";
import { directoriesFrom, machineClock } from "../../src/process/system.ts";
import { PROJECT_ROOT } from "../cli/fake_context.ts";
import {
  type FakeServer,
  type Route,
  statusError,
  withApiServer,
} from "../cluster/fake_api_server.ts";
import { podObject } from "../cluster/objects_fixture.ts";
import { type WatchRoutes, watchRoutes } from "../cluster/watch/watch_routes.ts";
import { gitRepository, kustomization } from "../gitops/flux/flux_fixture.ts";
import { CLUSTER, INVENTORY, TAILNET } from "../golden/homelab.ts";
import { settled } from "../process/fake_clock.ts";
import { tailscaleSays } from "../tailscale/status_fixture.ts";

interface Live {
  readonly session: LiveSession;
  readonly server: FakeServer;
  readonly cluster: WatchRoutes;
  /** The state as soon as it is as expected. */
  until(expected: (state: LiveState) => boolean): Promise<LiveState>;
}

function systemOf({ directory, kubeconfig }: FakeServer, signal: AbortSignal): ActionSystem {
  const variables: Record<string, string> = {
    HOME: directory,
    KUBECONFIG: kubeconfig,
    K3S_TOOL_TAILSCALE_SOCKET: "/proc/nonexistent/tailscaled.sock",
  };
  const env = (name: string) => variables[name];
  return {
    runner: tailscaleSays(TAILNET),
    clock: machineClock,
    directories: directoriesFrom(env),
    cwd: directory,
    env,
    signal,
    assets: new FolderAssets(PROJECT_ROOT),
  };
}

/** Runs a test with a session on a homelab; its server is asked over real HTTP. */
async function live(
  test: (live: Live) => Promise<void>,
  prepare: (server: FakeServer) => Promise<void> = () => Promise.resolve(),
  routes: Readonly<Record<string, Route>> = {},
): Promise<void> {
  const cluster = watchRoutes({
    ...CLUSTER,
    "/version": () => ({ gitVersion: "v1.35.6+k3s1" }),
    ...routes,
  });
  await withApiServer(cluster.routes, async (server) => {
    await Deno.writeTextFile(`${server.directory}/hosts.yml`, INVENTORY);
    await prepare(server);
    const controller = new AbortController();
    const system = systemOf(server, controller.signal);
    const session = openLiveSession(system, { inventory: undefined, cluster: {} });
    let state = NOTHING_HEARD;
    let changed = Promise.withResolvers<void>();
    const following = (async () => {
      for await (const batch of session.news(controller.signal)) {
        state = reduceLive(state, batch);
        changed.resolve();
        changed = Promise.withResolvers();
      }
    })();
    const until = async (expected: (state: LiveState) => boolean) => {
      while (!expected(state)) await Promise.race([changed.promise, following]);
      return state;
    };
    try {
      await test({ session, server, cluster, until });
    } finally {
      controller.abort(new Error("all is over"));
      await following;
      cluster.end();
    }
  });
}

const isComplete = ({ cluster, inventory, tailnet }: LiveState) =>
  cluster.events !== undefined && cluster.pods !== undefined && cluster.nodes !== undefined &&
  cluster.metrics.known && inventory !== undefined && tailnet !== undefined;

Deno.test("cluster, inventory and tailnet become one state that follows what happens", () =>
  live(async ({ cluster, until, session }) => {
    const state = await until(isComplete);
    assert.equal(state.connection.state, "live");
    assert.equal(state.version, "v1.35.6+k3s1");
    assert.equal(state.cluster.nodes?.size, 3);
    assert.ok(state.inventory?.known && state.inventory.value?.hosts.length === 4);
    assert.ok(state.tailnet?.known);
    await cluster.opened(9);
    cluster.say("/api/v1/pods", "ADDED", podObject("new"));
    await until(({ cluster }) => cluster.pods?.size === 4);
    cluster.say("/api/v1/pods", "DELETED", podObject("new"));
    await until(({ cluster }) => cluster.pods?.size === 3);
    const paths = session.requests().map(({ path }) => path);
    assert.ok(paths.includes("/api/v1/pods?limit=500"), paths.join("\n"));
  }));

Deno.test("a kubeconfig that is put right meanwhile is taken", () => {
  let kubeconfig = "";
  return live(async ({ until, session, server }) => {
    const state = await until(({ connection }) =>
      connection.state === "connecting" && connection.problem !== undefined
    );
    assert.ok(state.connection.state === "connecting");
    assert.match(state.connection.problem!.message, /has no context for cluster homelab/);
    await Deno.writeTextFile(server.kubeconfig, kubeconfig);
    session.retry();
    await until(isComplete);
  }, async (server) => {
    kubeconfig = await Deno.readTextFile(server.kubeconfig);
    await Deno.writeTextFile(server.kubeconfig, kubeconfig.replaceAll("homelab", "other"));
  });
});

Deno.test("an object that is gone is told, with the server that said so", () =>
  live(async ({ until, session }) => {
    await until(isComplete);
    const { signal } = new AbortController();
    const reference = { kind: "Pod", namespace: "default", name: "lost" } as const;
    await assert.rejects(session.read(reference, signal), /Pod default\/lost is gone/);
  }));

const SOURCES = "/apis/source.toolkit.fluxcd.io/v1/gitrepositories";
const KUSTOMIZATIONS = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations";

/** An object as the API server gives it. */
function stored<T extends { readonly metadata: { readonly name: string } }>(object: T) {
  const { metadata } = object;
  return { ...object, metadata: { ...metadata, uid: `uid-${metadata.name}` } };
}

Deno.test("what Flux follows is followed too", () =>
  live(
    async ({ cluster, until }) => {
      const state = await until(isHeard);
      assert.deepEqual([...state.cluster.gitRepositories!.values()].map(({ name }) => name), [
        "flux-system",
      ]);
      await cluster.opened(11);
      const broken = kustomization("web", { ready: "False", reason: "BuildFailed", message: "no" });
      cluster.say(KUSTOMIZATIONS, "MODIFIED", stored(broken));
      await until(({ cluster }) => cluster.kustomizations?.get("uid-web")?.state === "failed");
      cluster.say(KUSTOMIZATIONS, "DELETED", stored(broken));
      await until(({ cluster }) => cluster.kustomizations?.size === 0);
    },
    undefined,
    {
      [SOURCES]: () => ({ items: [stored(gitRepository())] }),
      [KUSTOMIZATIONS]: () => ({ items: [stored(kustomization("web"))] }),
    },
  ));

/** The made-up API server has no volumes either. */
const absentFlux = ({ absent }: ClusterState) =>
  [...absent].filter((what) => what !== "persistentVolumes").sort();

Deno.test("Flux that is not installed is no gap; Flux that nobody may see is one", async () => {
  await live(async ({ until }) => {
    const { cluster, gaps } = await until(isHeard);
    assert.deepEqual(absentFlux(cluster), ["gitRepositories", "kustomizations"]);
    assert.deepEqual([...gaps.keys()].filter((what) => what !== "disks"), []);
  });
  await live(
    async ({ until }) => {
      const { cluster, gaps } = await until(isHeard);
      assert.deepEqual(absentFlux(cluster), ["gitRepositories"]);
      assert.equal(gaps.get("kustomizations"), "not allowed to list kustomizations");
    },
    undefined,
    { [KUSTOMIZATIONS]: () => statusError(403, "Forbidden", "kustomizations is forbidden") },
  );
});

Deno.test("a session that is ended at any moment of its beginning ends", () =>
  withApiServer(watchRoutes(CLUSTER).routes, async (server) => {
    await Deno.writeTextFile(`${server.directory}/hosts.yml`, INVENTORY);
    for (let turns = 0; turns < 12; turns++) {
      const controller = new AbortController();
      const system = systemOf(server, controller.signal);
      const session = openLiveSession(system, { inventory: undefined, cluster: {} });
      const news = session.news(controller.signal)[Symbol.asyncIterator]();
      const first = news.next();
      for (let turn = 0; turn < turns; turn++) await settled();
      controller.abort(new Error("enough"));
      while (!(await (turns === 0 ? first : news.next())).done);
      await first;
    }
  }));
