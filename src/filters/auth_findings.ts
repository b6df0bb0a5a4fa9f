/** What filters that authenticate a message leave for each other. */
import { cidrContains } from "#src/config/cidr.ts";
import type { Cidr } from "#src/config/cidr.ts";
import { list } from "#src/config/compound.ts";
import type { Directive } from "#src/config/directive.ts";
import { cidr } from "#src/config/places.ts";
import { type ContextKey, contextKey } from "#src/module/roles/context.ts";
import type { SessionInfo } from "#src/module/roles/session.ts";
import { isPrivateAddress } from "#src/pipeline/client_name.ts";

/** What SPF said of MAIL FROM or HELO. */
export const SPF_FINDING: ContextKey<{
  readonly result: string;
  readonly domain: string;
}> = contextKey("spf");

/** Signatures that hold. */
export const DKIM_FINDING: ContextKey<
  readonly { readonly domain: string; readonly underSized?: number }[]
> = contextKey("dkim");

/** Directive `exempt` of the filters that look at the client. */
export function exemptNetworks(): Directive<readonly Cidr[]> {
  return list(cidr({ doc: "A network." }), {
    doc: "Networks whose clients are not checked, besides this machine and " +
      "private ones.",
    default: [],
  });
}

/**
 * Whether the client is nobody from the Internet: logged in, a server that
 * checked the message before us, this machine, a private or exempt network.
 */
export function isExempt(
  session: SessionInfo,
  networks: readonly Cidr[],
): boolean {
  const { identity, protocol, remoteAddress } = session;
  if (identity !== undefined || protocol !== "smtp") return true;
  return isPrivateAddress(remoteAddress) ||
    networks.some((network) => cidrContains(network, remoteAddress));
}
