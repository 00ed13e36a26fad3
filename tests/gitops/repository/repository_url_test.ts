import assert from "node:assert/strict";
import { fluxUrl, sshServer } from "../../../src/gitops/repository/repository_url.ts";

Deno.test("Git's short form becomes the URL that Flux takes, others stay", () => {
  for (
    const [address, url] of [
      ["git@github.com:me/homelab.git", "ssh://git@github.com/me/homelab.git"],
      ["git@host:/srv/git/x.git", "ssh://git@host/srv/git/x.git"],
      ["ssh://git@host:2222/x.git", "ssh://git@host:2222/x.git"],
      ["https://github.com/me/homelab.git", "https://github.com/me/homelab.git"],
    ] as const
  ) assert.equal(fluxUrl(address), url);
});

Deno.test("the server of an SSH address", () => {
  for (
    const [address, server] of [
      ["git@github.com:me/x.git", { user: "git", host: "github.com", port: undefined }],
      ["ssh://git@10.0.0.1:2222/x.git", { user: "git", host: "10.0.0.1", port: 2222 }],
      ["ssh://[fd7a::1]:22/x.git", { user: undefined, host: "fd7a::1", port: 22 }],
      ["https://github.com/me/x.git", undefined],
      ["ssh://-oProxyCommand=x/y", undefined],
    ] as const
  ) assert.deepEqual(sshServer(address), server);
});
