/** How the parts of `proxy` are joined; its settings are in `module.ts`. */
import type { Instance } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import type { ProxyConfig } from "./module.ts";
import { ProxyStorage } from "./proxy_storage.ts";
import { RemoteAccount } from "./remote_account.ts";
import { RemoteConnection } from "./remote_connection.ts";

/** Makes the parts and joins them; nothing is connected yet. */
export function createProxy(
  config: ProxyConfig,
  host: Host,
): Instance<"storage"> {
  const { clock, log } = host;
  const { host: name, port, tls, insecure, check_interval: interval } = config;
  const server = { host: name, port, tls, insecure };
  const storage = new ProxyStorage({
    accounts: host.use(config.accounts),
    others: config.others === undefined ? undefined : host.use(config.others),
    random: Math.random,
    connect(login, onMoved): RemoteAccount {
      const connection = new RemoteConnection(
        server,
        login,
        { clock, log },
        (path) => onMoved(account.nameOf(path)),
      );
      const account = new RemoteAccount(connection, () => clock.now());
      return account;
    },
  });
  return {
    storage,
    start(): Promise<void> {
      host.spawn("rest", async (signal) => {
        while (!signal.aborted) {
          await clock.sleep(interval, signal);
          for (const account of storage.opened) await account.rest();
        }
      });
      return Promise.resolve();
    },
    async stop(): Promise<void> {
      await Promise.all(storage.opened.map((account) => account.close()));
    },
  };
}
