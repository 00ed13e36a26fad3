/**
 * Names of peers: what may become the name of an inventory host.
 *
 * @module
 */

import { safeText } from "../errors/safe_text.ts";

/** Longest label of DNS (RFC 1035, 2.3.4), and so of a Kubernetes node's name in one label. */
const LABEL_LENGTH = 63;

/** The first label of a MagicDNS name. */
export function dnsLabel(dnsName: string): string {
  return dnsName.split(".", 1)[0] ?? "";
}

/** What MagicDNS gives out, in lower case (tailscale.com `util/dnsname/dnsname.go`, ValidLabel). */
const MAGIC_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** `text` as an RFC 1123 label, as it is where it is one already, or undefined where nothing of it can stay. */
export function toLabel(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (MAGIC_LABEL.test(lower)) return lower;
  const label = safeText(text)
    .normalize("NFKD")
    .replace(/\p{Mark}+/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, LABEL_LENGTH)
    .replace(/^-+|-+$/g, "");
  return label === "" ? undefined : label;
}

/** A hostname as it is shown: one harmless line, cut where no hostname could go on. */
export function shownHostname(text: string): string {
  const harmless = [...safeText(text.toWellFormed()).trim()];
  return harmless.length <= LABEL_LENGTH
    ? harmless.join("")
    : harmless.slice(0, LABEL_LENGTH - 1).join("") + "…";
}
