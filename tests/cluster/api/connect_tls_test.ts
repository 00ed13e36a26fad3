/** Real TLS: certificates made by openssl for each test. */
import assert from "node:assert/strict";
import { connect } from "../../../src/cluster/api/connect.ts";
import { readNodes } from "../../../src/cluster/read/read_cluster.ts";
import { UserError } from "../../../src/errors/user_error.ts";
import { withDirectory } from "../../ansible/fake_system.ts";
import { contextOf } from "../../kubeconfig/kubeconfig_fixture.ts";
import { certificate, type Pair, serverOf } from "../tls_fixture.ts";

const { signal } = new AbortController();
const DAY_MS = 86_400_000;

/** Asks a TLS server for its nodes, with a kubeconfig that trusts `authority`. */
async function ask({ serve, authority, client, directory }: {
  readonly serve: Pair;
  readonly authority: Pair;
  readonly client?: Pair;
  readonly directory: string;
}): Promise<string> {
  const server = Deno.serve({
    ...serve,
    port: 0,
    hostname: "127.0.0.1",
    onListen: () => {},
  }, () => Response.json({ items: [] }));
  const file = `${directory}/kubeconfig`;
  const base64 = (text: string) => btoa(text);
  await Deno.writeTextFile(
    file,
    JSON.stringify({
      clusters: [{
        name: "c",
        cluster: {
          server: `https://127.0.0.1:${server.addr.port}`,
          "certificate-authority-data": base64(authority.cert),
        },
      }],
      users: [{
        name: "u",
        user: client === undefined ? {} : {
          "client-certificate-data": base64(client.cert),
          "client-key-data": base64(client.key),
        },
      }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    }),
  );
  try {
    const api = await connect(await contextOf(file, "x"), { now: Date.now() });
    try {
      return `${(await readNodes(api, { signal })).length} nodes`;
    } finally {
      await api.close();
    }
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.exitCode, 4);
    assert.ok(error.hint);
    return error.message;
  } finally {
    await server.shutdown();
  }
}

Deno.test("a server that the kubeconfig knows is asked, also with a client certificate", () =>
  withDirectory(async (directory) => {
    const authority = await certificate(directory, 30);
    const serve = await certificate(directory, 30, authority);
    assert.equal(await ask({ serve, authority, directory }), "0 nodes");
    const client = await certificate(directory, 30, authority);
    assert.equal(await ask({ serve, authority, client, directory }), "0 nodes");
  }));

Deno.test("a server with another authority is not trusted", () =>
  withDirectory(async (directory) => {
    const authority = await certificate(directory, 30);
    const serve = await certificate(directory, 30, await certificate(directory, 30));
    assert.match(await ask({ serve, authority, directory }), /is not the one the kubeconfig knows/);
  }));

Deno.test("an expired certificate of the server is called so", () =>
  withDirectory(async (directory) => {
    const authority = await certificate(directory, 30);
    const serve = await certificate(directory, -1, authority);
    assert.match(
      await ask({ serve, authority, directory }),
      /The certificate of the API server at 127\.0\.0\.1:\d+ has expired/,
    );
  }));

Deno.test("an expired client certificate is found before the server is asked", () =>
  withDirectory(async (directory) => {
    const authority = await certificate(directory, 30);
    const serve = await certificate(directory, 30, authority);
    const client = await certificate(directory, -1, authority);
    const yesterday = new Date(Date.now() - DAY_MS).toISOString().slice(0, 10);
    assert.equal(
      await ask({ serve, authority, client, directory }),
      `The client certificate of the kubeconfig has expired on ${yesterday}`,
    );
  }));

/** A kubeconfig for `server` that trusts `authority`. */
async function kubeconfigFor(server: string, authority: Pair, directory: string) {
  const file = `${directory}/kubeconfig`;
  await Deno.writeTextFile(
    file,
    JSON.stringify({
      clusters: [{
        name: "c",
        cluster: { server, "certificate-authority-data": btoa(authority.cert) },
      }],
      users: [{ name: "u", user: { token: "secret" } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    }),
  );
  return await contextOf(file, "x");
}

Deno.test("another server of the cluster answers for one that is frozen, refuses or is not ready", () =>
  withDirectory(async (directory) => {
    const authority = await certificate(directory, 30);
    const serve = await certificate(directory, 30, authority);
    const well = serverOf(serve, () => Response.json({ items: [] }));
    const ill = serverOf(serve, () => new Response("etcd failed", { status: 500 }));
    const stranger = serverOf(
      await certificate(directory, 30, await certificate(directory, 30)),
      () => Response.json({ items: [{}] }),
    );
    const frozen = Deno.listen({ port: 0, hostname: "127.0.0.1" }); // nobody ever accepts
    const closed = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    closed.close();
    const at = (listener: Deno.Listener) =>
      `https://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
    for (const first of [at(frozen), at(closed), ill.url, stranger.url]) {
      const context = await kubeconfigFor(first, authority, directory);
      const api = await connect(context, {
        now: Date.now(),
        others: [first, stranger.url, well.url],
      });
      assert.deepEqual([api.server, api.insteadOf], [well.url, first]);
      assert.deepEqual(await readNodes(api, { signal }), []);
      await api.close(); // leaves nothing under way: the test would be told
    }
    assert.deepEqual(stranger.tokens, [], "the credentials are for the cluster's own servers");
    const context = await kubeconfigFor(well.url, authority, directory);
    const api = await connect(context, { now: Date.now(), others: [at(frozen)] });
    assert.deepEqual([api.server, api.insteadOf], [well.url, undefined]);
    await api.close();
    await assert.rejects(
      connect(await kubeconfigFor(at(closed), authority, directory), {
        now: Date.now(),
        others: [ill.url],
      }),
      /Nothing listens at .*; no other server can be used either: 127\.0\.0\.1/,
    );
    frozen.close();
    for (const { http } of [well, ill, stranger]) await http.shutdown();
  }));

Deno.test("an attempt at a frozen server ends at once when it is given up", () =>
  withDirectory(async (directory) => {
    const authority = await certificate(directory, 30);
    const frozen = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const server = `https://127.0.0.1:${(frozen.addr as Deno.NetAddr).port}`;
    const context = await kubeconfigFor(server, authority, directory);
    const stop = new AbortController();
    const several = connect(context, {
      now: Date.now(),
      others: ["https://127.0.0.1:1"],
      signal: stop.signal,
    });
    const api = await connect(context, { now: Date.now() });
    const alone = api.get("/version", { signal: stop.signal });
    stop.abort(new Error("enough"));
    await assert.rejects(several, /enough/);
    await assert.rejects(alone, /enough/);
    await api.close();
    frozen.close();
  }));
