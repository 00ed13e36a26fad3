/**
 * Registries and mirrors, as `registries` has them: what k3s reads from registries.yaml, but for
 * credentials, which are in files of the workstation.
 *
 * Sources: k3s-io/docs `docs/installation/private-registry.md`, rancher/wharfie
 * `pkg/registries/types.go`, k3s `pkg/agent/containerd/config.go`.
 *
 * @module
 */

import * as z from "zod/mini";
import { FILE } from "./workstation_path.ts";

const NAME = 'a registry such as docker.io or registry.example.com:5000, or "*" for all others';
const ENDPOINT =
  "an address such as https://registry.example.com:5000, without a user name and password in it";
const MIRROR = '{endpoint: ["https://registry.example.com:5000"]}';
const CONFIG =
  "{auth: {username: me, password_file: secrets/registry}, tls: {ca_file: /etc/x.pem}}";
const AUTH = "{username: me, password_file: secrets/registry}";
const NO_AUTH =
  "username, password_file, auth_file or identity_token_file: what is secret is in a file of this machine";
const TLS =
  "{ca_file, cert_file, key_file: paths on the host, insecure_skip_verify: true or false}";
const PAIR = "cert_file and key_file, or neither";
const HOST_PATH = "an absolute path on the host";
const REGISTRIES = "mirrors, configs or both";

const Name = z.string(NAME).check(
  z.regex(/^(?:\*|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9]\d{0,4})?)$/i, NAME),
);
/** k3s takes an address without a scheme too. */
const Endpoint = z.string(ENDPOINT).check(
  z.regex(
    /^(?:https?:\/\/)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[1-9]\d{0,4})?(?:\/[^\s@?#]*)?$/i,
    ENDPOINT,
  ),
);
const HostPath = z.string(HOST_PATH).check(z.regex(/^\/[^\p{Cc}]+$/u, HOST_PATH));
const Line = z.string("one line of text").check(z.regex(/^[^\p{Cc}]+$/u, "one line of text"));

const Mirror = z.strictObject({
  endpoint: z.optional(z.array(Endpoint, `a list of addresses such as ${MIRROR.slice(11, -1)}`)),
  rewrite: z.optional(
    z.record(Line, Line, 'a map of patterns and names such as {"^library/(.*)": "mirror/$1"}'),
  ),
}, MIRROR);

const Auth = z.catchall(
  z.object({
    username: z.optional(Line),
    password_file: z.optional(FILE),
    auth_file: z.optional(FILE),
    identity_token_file: z.optional(FILE),
  }, AUTH),
  z.unknown().check(z.refine(() => false, NO_AUTH)),
);

const Tls = z.strictObject({
  ca_file: z.optional(HostPath),
  cert_file: z.optional(HostPath),
  key_file: z.optional(HostPath),
  insecure_skip_verify: z.optional(z.boolean("true or false")),
}, TLS).check(
  z.refine(
    ({ cert_file, key_file }) => (cert_file === undefined) === (key_file === undefined),
    PAIR,
  ),
);

const Config = z.strictObject({ auth: z.optional(Auth), tls: z.optional(Tls) }, CONFIG);

/** `registries`. A name alone, without a value, means something to k3s: its embedded registry may serve it. */
export const Registries = z.strictObject({
  mirrors: z.optional(z.record(Name, z.nullable(Mirror), `a map such as {docker.io: ${MIRROR}}`)),
  configs: z.optional(
    z.record(Name, z.nullable(Config), `a map such as {"registry.example.com:5000": ${CONFIG}}`),
  ),
}, REGISTRIES);
