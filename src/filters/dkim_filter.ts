/** The work of `dkim`; its settings are in `dkim.ts`. */
import type { Instance } from "#src/module/define.ts";
import type { Host } from "#src/module/host.ts";
import type { Admin } from "#src/module/roles/admin.ts";
import type { DeliveryContext } from "#src/module/roles/context.ts";
import type {
  BodyVerdict,
  Filter,
  FilterMessage,
  FilterRun,
} from "#src/module/roles/filter.ts";
import { PASS } from "#src/module/roles/verdict.ts";
import { addAuthResult } from "#src/pipeline/auth_results.ts";
import { authorAddresses } from "#src/pipeline/author_addresses.ts";
import { domainOf } from "#src/pipeline/mail_address.ts";
import { chosenSignatures } from "#src/verify/chosen_signatures.ts";
import { hashBody, signMessage } from "#src/verify/dkim_sign.ts";
import { verifyDkim } from "#src/verify/mailauth.ts";
import { adaptResolver } from "#src/verify/resolver_adapter.ts";
import { DKIM_FINDING } from "./auth_findings.ts";
import { type DkimKey, readKeys } from "./dkim_keys.ts";
import type { DkimConfig } from "./dkim.ts";

/** Joins the parts; keys are read later. */
export function createDkim(
  config: DkimConfig,
  host: Host,
): Instance<"filter" | "admin"> {
  const keys = new KeyRing(config);
  return {
    filter: new Dkim(config, host, keys),
    admin: new DkimAdmin(config, host),
  };
}

/** The keys, read when the first message needs them. */
class KeyRing {
  readonly #config: DkimConfig;
  #keys: Promise<readonly DkimKey[]> | undefined;

  constructor(config: DkimConfig) {
    this.#config = config;
  }

  get(): Promise<readonly DkimKey[]> {
    if (this.#keys !== undefined) return this.#keys;
    const reading = readKeys(this.#config.private, this.#config.selector);
    this.#keys = reading;
    // A file that cannot be read now may be readable for the next message.
    reading.catch(() => this.#keys = undefined);
    return reading;
  }
}

class Dkim implements Filter {
  readonly #config: DkimConfig;
  readonly #host: Host;
  readonly #keys: KeyRing;

  constructor(config: DkimConfig, host: Host, keys: KeyRing) {
    this.#config = config;
    this.#host = host;
    this.#keys = keys;
  }

  start(context: DeliveryContext): FilterRun {
    const { sign, verify } = context.options;
    return {
      body: async (message) => {
        // Without a word, looking is harmless and signing is not.
        if (verify === true || sign !== true) {
          await this.#verify(message, context);
        }
        return sign === true ? await this.#sign(message) : { verdict: PASS };
      },
    };
  }

  async #verify(
    { header, body }: FilterMessage,
    context: DeliveryContext,
  ): Promise<void> {
    const { values, signal } = context;
    const signatures = header.all("dkim-signature");
    if (signatures.length === 0) {
      addAuthResult(values, "dkim=none");
      return;
    }
    const chosen = new Set(
      chosenSignatures(header).map(({ start }) => start),
    );
    const looked = chosen.size === signatures.length
      ? header
      : header.without(({ name, start }) =>
        name === "dkim-signature" && !chosen.has(start)
      );
    const { results } = await verifyDkim(
      looked.bytes,
      body.bytes === undefined ? body.open() : once(body.bytes),
      adaptResolver(this.#host.resolver, signal),
    );
    const passed = results.flatMap((result) => {
      addAuthResult(values, result.info);
      const { status, signingDomain, underSized } = result;
      if (status.result !== "pass" || signingDomain === undefined) return [];
      return underSized === undefined
        ? { domain: signingDomain }
        : { domain: signingDomain, underSized };
    });
    values.set(DKIM_FINDING, [...values.get(DKIM_FINDING) ?? [], ...passed]);
  }

  async #sign(message: FilterMessage): Promise<BodyVerdict> {
    const { header, body } = message;
    const signing = this.#signingDomain(message);
    if (signing === undefined) return { verdict: PASS };
    const [keys, bodyHash] = await Promise.all([
      this.#keys.get(),
      hashBody(body),
    ]);
    const time = Math.floor(this.#host.clock.now() / 1000);
    const request = { header, bodyHash, domain: signing, time };
    const fields = await Promise.all(
      keys.map((key) => signMessage(request, key)),
    );
    return {
      verdict: PASS,
      prepend: new TextEncoder().encode(fields.join("")),
    };
  }

  /** `d=`: the author's domain, or the domain above it that is ours. */
  #signingDomain({ envelope, header }: FilterMessage): string | undefined {
    const field = header.first("from");
    if (field === undefined) return undefined;
    const [author] = authorAddresses(header.rawValue(field)) ?? [];
    const own = author === undefined ? "" : domainOf(author);
    const { domains } = this.#config;
    const ours = domains.length > 0 ? domains : this.#host.globals.domains;
    const found = ours.find((each) => own === each || own.endsWith(`.${each}`));
    if (found !== undefined || domains.length > 0) return found;
    const mayBeSigned = envelope.session.identity !== undefined &&
      /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(own);
    return mayBeSigned ? own : undefined;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

/** One record to publish. */
interface DkimRecord {
  readonly name: string;
  readonly type: "TXT";
  readonly value: string;
  /** As a line of a zone file, in strings of at most 255 characters. */
  readonly zone: string;
}

/** What to publish. */
export async function recordsOf(
  config: DkimConfig,
  host: Host,
): Promise<readonly DkimRecord[]> {
  const { globals } = host;
  const keys = await readKeys(config.private, config.selector);
  const domains = config.domains.length > 0 ? config.domains : globals.domains;
  return domains.flatMap((each) =>
    keys.map(({ selector, record }): DkimRecord => {
      const name = `${selector}._domainkey.${each}`;
      const strings = record.match(/.{1,255}/g) ?? [];
      const zone = `${name}. IN TXT ${
        strings.map((part) => `"${part}"`).join(" ")
      }`;
      return { name, type: "TXT", value: record, zone };
    })
  );
}

/** `records`: what to publish in DNS. */
class DkimAdmin implements Admin {
  readonly #config: DkimConfig;
  readonly #host: Host;

  constructor(config: DkimConfig, host: Host) {
    this.#config = config;
    this.#host = host;
  }

  async call(command: string): Promise<unknown> {
    if (command === "records") return await recordsOf(this.#config, this.#host);
    throw new TypeError(`dkim has no command "${command}"`);
  }
}
