/**
 * Why an API server cannot be asked, each in words with the next step.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";
import { unreachableError, UserError } from "../../errors/user_error.ts";
import { ApiError } from "./kubernetes_api.ts";

const RENEW = "Fetch a new one with: k3s-tool kubeconfig";

/** A refusal of the server, for a request without which nothing can be shown: exit code 4. */
export function apiRefusal(error: ApiError, server: string): UserError {
  if (error.status === 401) {
    return unreachableError(`${server} does not accept the credentials of the kubeconfig`, {
      hint: `They may have expired, or belong to another cluster. ${RENEW}`,
      cause: error,
    });
  }
  if (error.status === 403) {
    return unreachableError(
      `The kubeconfig's user may not do this on ${server}: ${safeText(error.message)}`,
      { hint: `Use the kubeconfig of the control plane. ${RENEW}`, cause: error },
    );
  }
  return unreachableError(
    `${server} answered ${error.path} with ${error.status}: ${safeText(error.message)}`,
    { hint: "Look at the control plane with: k3s-tool doctor", cause: error },
  );
}

/** Why a request was given up that had no answer in time. */
export function tookTooLong(): DOMException {
  return new DOMException("The answer took too long", "TimeoutError");
}

/** A connection that could not be made or broke: exit code 4. */
export function connectionError(
  error: unknown,
  { server, timeoutMs }: { readonly server: string; readonly timeoutMs: number },
): UserError {
  const { code, text } = describe(error);
  const host = safeText(new URL(server).host);
  const fail = (message: string, hint: string) => unreachableError(message, { hint, cause: error });
  if (/expired/i.test(text) || code === "CERT_HAS_EXPIRED") {
    return fail(
      `The certificate of the API server at ${host} has expired`,
      "k3s renews it when it starts: sudo systemctl restart k3s on the control plane; " +
        "also check the clock of this machine.",
    );
  }
  if (isCertificateError(error)) {
    return fail(
      `The API server at ${host} is not the one the kubeconfig knows: ${firstLine(text)}`,
      `It may have been reinstalled. ${RENEW}`,
    );
  }
  if (code === "UND_ERR_DESTROYED") {
    return fail(`The connection to ${host} was lost`, "Try again.");
  }
  if (code === "ECONNREFUSED" || /refused/i.test(text)) {
    return fail(
      `Nothing listens at ${host}: connection refused`,
      "Is k3s running on the control plane? Look with: systemctl status k3s",
    );
  }
  if (/ENOTFOUND|EAI_AGAIN/.test(code) || /failed to lookup|getaddrinfo/i.test(text)) {
    return fail(
      `Cannot resolve the host name in ${host}`,
      "Is Tailscale up on this machine, with MagicDNS? Look with: tailscale status",
    );
  }
  if (isTimeout(error, code)) {
    return fail(
      `The API server at ${host} did not answer within ${Math.ceil(timeoutMs / 1000)} s`,
      "Is Tailscale up on both machines? Look with: tailscale ping, or k3s-tool doctor",
    );
  }
  return fail(
    `The API server at ${host} cannot be reached: ${firstLine(text)}`,
    "Is Tailscale up on both machines? Look with: tailscale status, or k3s-tool doctor",
  );
}

/** An answer that no API server gives: exit code 4. */
export function notKubernetes(message: string, cause: unknown): UserError {
  const hint = "Look at the server of the context with: kubectl config view";
  return unreachableError(message, { hint, cause });
}

/**
 * An answer without which nothing can be shown, in words: a refusal, or what no API server says. Other
 * errors as they are.
 */
export function answerError(error: unknown, server: string): unknown {
  if (error instanceof ApiError) return apiRefusal(error, server);
  return error instanceof z.ZodError
    ? notKubernetes(`${server} does not answer like a Kubernetes API server`, error)
    : error;
}

/** True where a connection failed over the server's certificate. */
export function isCertificateError(error: unknown): boolean {
  const { code, text } = describe(error);
  return /certificate|UnknownIssuer|self.signed|CaUsedAsEndEntity|handshake/i
    .test(`${text} ${code}`);
}

/** Says that a client certificate has ended; undefined where it is valid or not readable. */
export function clientCertificateError(pem: string, now: number): UserError | undefined {
  let ends: number;
  try {
    ends = Date.parse(new X509Certificate(pem).validTo);
  } catch {
    return undefined; // the server will say what is wrong with it
  }
  if (!(ends <= now)) return undefined;
  return unreachableError(
    `The client certificate of the kubeconfig has expired on ${
      new Date(ends).toISOString().slice(0, 10)
    }`,
    { hint: RENEW },
  );
}

function describe(error: unknown): { code: string; text: string } {
  let code = "";
  const texts: string[] = [];
  for (let each = error; each instanceof Error && texts.length < 5; each = each.cause) {
    if ("code" in each && typeof each.code === "string") code ||= each.code;
    if (each.message !== "fetch failed") texts.push(each.message);
    if (each instanceof AggregateError) {
      for (const inner of each.errors) {
        const found = describe(inner);
        code ||= found.code;
        texts.push(found.text);
      }
    }
  }
  return { code, text: texts.filter((text) => text !== "").join(": ") };
}

function isTimeout(error: unknown, code: string): boolean {
  return /TIMEOUT|ETIMEDOUT/.test(code) ||
    (error instanceof Error && error.name === "TimeoutError");
}

function firstLine(text: string): string {
  return safeText(text.split("\n", 1)[0] ?? "").slice(0, 200);
}
