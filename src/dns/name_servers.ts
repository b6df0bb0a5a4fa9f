/** Which name servers to ask, and what asking them needs. */

/** Where the machine keeps its name servers. resolv.conf(5). */
const RESOLV_CONF = "/etc/resolv.conf";
const DNS_PORT = 53;
/** As many as the C library asks. */
const MAX_SERVERS = 3;

/** Address and port of a name server. */
export interface NameServer {
  readonly address: string;
  readonly port: number;
}

/**
 * The servers to ask: the global directive `dns` where it is set, else those
 * of the machine. Reads `/etc/resolv.conf`, so the supervisor calls it and
 * workers are told the result. Without any server that of loopback is taken.
 */
export function nameServers(setting: string | undefined): NameServer[] {
  const own = setting === undefined ? undefined : parseNameServer(setting);
  if (own !== undefined) return [own];
  let text = "";
  try {
    text = Deno.readTextFileSync(RESOLV_CONF);
  } catch {
    // Absent or not readable: as if it were empty (resolv.conf(5)).
  }
  const servers = parseResolvConf(text);
  return servers.length > 0
    ? servers
    : [{ address: "127.0.0.1", port: DNS_PORT }];
}

/** `address`, `address:port` or `[v6]:port`; `undefined` for anything else. */
export function parseNameServer(text: string): NameServer | undefined {
  const match =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)|([0-9A-Fa-f.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*))(?::([0-9]{1,5}))?$/
      .exec(text);
  const address = match?.[1] ?? match?.[2] ?? match?.[3];
  if (address === undefined) return undefined;
  const port = Number.parseInt(match?.[4] ?? String(DNS_PORT), 10);
  return port > 0 && port <= 65535 ? { address, port } : undefined;
}

/** The `nameserver` lines, in order. */
export function parseResolvConf(text: string): NameServer[] {
  const servers: NameServer[] = [];
  for (const line of text.split("\n")) {
    const address = /^nameserver[ \t]+([^ \t#;]+)/.exec(line)?.[1];
    // A zone (`fe80::1%eth0`) cannot be given to a socket here.
    if (address === undefined || address.includes("%")) continue;
    const server = parseNameServer(
      address.includes(":") ? `[${address}]` : address,
    );
    if (server !== undefined) servers.push(server);
  }
  return servers.slice(0, MAX_SERVERS);
}

/**
 * What `--allow-net` has to hold for asking these servers: their addresses,
 * and any free local port for UDP.
 */
export function dnsNetPermissions(servers: readonly NameServer[]): string[] {
  const grants = servers.map(({ address, port }) =>
    address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`
  );
  if (servers.some(({ address }) => !address.includes(":"))) {
    grants.push("0.0.0.0:0");
  }
  if (servers.some(({ address }) => address.includes(":"))) {
    grants.push("[::]:0");
  }
  return grants;
}
