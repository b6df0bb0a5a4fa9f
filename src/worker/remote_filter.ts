/**
 * Role `filter` in a worker of its own (sandbox). A run lives there from its
 * first stage to `end`; context values that it sets come back with each answer.
 */
import type { Log } from "#src/log/log.ts";
import { MemoryBody } from "#src/message/body.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import {
  ContextValues,
  type DeliveryContext,
} from "#src/module/roles/context.ts";
import type {
  BodyVerdict,
  Filter,
  FilterMessage,
  FilterRun,
} from "#src/module/roles/filter.ts";
import type {
  Envelope,
  Recipient,
  SessionInfo,
} from "#src/module/roles/session.ts";
import type { Verdict } from "#src/module/roles/verdict.ts";
import type { SmtpError } from "#src/smtp/reply.ts";
import { type BodyShelf, RemoteBody, type WireBody } from "./body_shelf.ts";
import type { CallContext, Channel, Service } from "./channel.ts";
import type { Link } from "./link.ts";
import { packFields } from "./pack.ts";
import { packBytes } from "./wire_bytes.ts";
import { fromWireError, toWireError, type WireError } from "./wire_error.ts";
import type { SourceHandle } from "./wire_message.ts";

/** What stubs must know before the first call. */
export interface FilterFacts {
  readonly transforms: boolean;
}

/** Chunks of a changed body on their way at once. */
const CHUNKS_AHEAD = 4;
/** Runs that one worker may have open here. */
const MAX_RUNS = 10_000;

type Entries = readonly (readonly [string, unknown])[];

/** What each call begins with. */
interface WireRun {
  readonly run: number;
  readonly values: Entries;
  readonly options: Readonly<Record<string, unknown>>;
}

type WireVerdict =
  | Exclude<Verdict, { kind: "reject" }>
  | { readonly kind: "reject"; readonly error: WireError };

interface WireAnswer {
  readonly values: Entries;
  readonly verdict: WireVerdict;
  readonly prepend?: Uint8Array;
  readonly header?: Uint8Array;
  readonly body?: SourceHandle;
}

interface WireMessage {
  readonly envelope: Envelope;
  readonly recipients: readonly Recipient[];
  readonly header: Uint8Array;
  readonly body: WireBody;
}

/** Stands for a filter of another worker. */
export class RemoteFilter implements Filter {
  readonly transforms: boolean;
  readonly #link: Link;
  readonly #service: string;
  readonly #shelf: BodyShelf;
  #last = 0;

  constructor(
    link: Link,
    service: string,
    shelf: BodyShelf,
    facts: FilterFacts,
  ) {
    this.transforms = facts.transforms;
    this.#link = link;
    this.#service = service;
    this.#shelf = shelf;
  }

  start(context: DeliveryContext): FilterRun {
    return new RemoteRun(
      this.#link,
      this.#service,
      this.#shelf,
      context,
      ++this.#last,
    );
  }
}

class RemoteRun implements FilterRun {
  readonly #link: Link;
  readonly #service: string;
  readonly #shelf: BodyShelf;
  readonly #context: DeliveryContext;
  readonly #run: number;

  constructor(
    link: Link,
    service: string,
    shelf: BodyShelf,
    context: DeliveryContext,
    run: number,
  ) {
    this.#link = link;
    this.#service = service;
    this.#shelf = shelf;
    this.#context = context;
    this.#run = run;
  }

  connect(session: SessionInfo): Promise<Verdict> {
    return this.#verdict("connect", [session]);
  }

  helo(session: SessionInfo): Promise<Verdict> {
    return this.#verdict("helo", [session]);
  }

  sender(envelope: Envelope): Promise<Verdict> {
    return this.#verdict("sender", [envelope]);
  }

  recipient(envelope: Envelope, recipient: Recipient): Promise<Verdict> {
    return this.#verdict("recipient", [envelope, recipient]);
  }

  header(envelope: Envelope, header: HeaderBlock): Promise<Verdict> {
    const transfer: Transferable[] = [];
    const bytes = packBytes(header.bytes, transfer, "copy");
    return this.#verdict("header", [envelope, bytes], transfer);
  }

  async body(message: FilterMessage): Promise<BodyVerdict> {
    const { channel } = this.#link;
    const transfer: Transferable[] = [];
    const answer = await this.#shelf.lend(message.body, transfer, (body) => {
      const wire: WireMessage = {
        envelope: message.envelope,
        recipients: message.recipients,
        header: packBytes(message.header.bytes, transfer, "copy"),
        body,
      };
      return this.#call(channel, "body", [wire], transfer);
    });
    const { prepend, header, body } = answer;
    return {
      verdict: fromWireVerdict(answer.verdict),
      ...(prepend === undefined ? {} : { prepend }),
      ...(header === undefined ? {} : { header: new HeaderBlock(header) }),
      ...(body === undefined
        ? {}
        : { body: channel.take(body, CHUNKS_AHEAD).toStream() }),
    };
  }

  end(): Promise<void> {
    if (this.#link.up) {
      this.#link.channel.notify(this.#service, "end", [this.#run]);
    }
    return Promise.resolve();
  }

  async #verdict(
    stage: string,
    args: readonly unknown[],
    transfer: Transferable[] = [],
  ): Promise<Verdict> {
    const { channel } = this.#link;
    const answer = await this.#call(channel, stage, args, transfer);
    return fromWireVerdict(answer.verdict);
  }

  async #call(
    channel: Channel,
    stage: string,
    args: readonly unknown[],
    transfer: Transferable[],
  ): Promise<WireAnswer> {
    const { values, options, signal } = this.#context;
    const run: WireRun = { run: this.#run, values: values.entries(), options };
    const answer = await channel.call(this.#service, stage, [run, ...args], {
      signal,
      transfer,
    }) as WireAnswer;
    for (const [name, value] of answer.values) values.set({ name }, value);
    return answer;
  }
}

interface OpenRun {
  readonly run: FilterRun;
  readonly values: ContextValues;
  /** The signal of the call under way. */
  readonly controller: AbortController;
}

/** Answers the stubs of a filter. */
export class FilterService implements Service {
  readonly #filter: Filter;
  readonly #log: Log;
  readonly #runs = new Map<Channel, Map<number, OpenRun>>();

  constructor(filter: Filter, log: Log) {
    this.#filter = filter;
    this.#log = log;
  }

  async call(
    stage: string,
    args: readonly unknown[],
    context: CallContext,
  ): Promise<WireAnswer> {
    const [wire, first, second] = args;
    const { run, values } = this.#open(wire as WireRun, context.channel);
    if (stage === "body") {
      const message = first as WireMessage;
      const verdict = await run.body?.(messageOf(message, context.channel));
      return this.#bodyAnswer(verdict, values, context);
    }
    const verdict = await runStage(run, stage, first, second);
    return { values: values.entries(), verdict: toWireVerdict(verdict) };
  }

  notified(method: string, args: readonly unknown[], channel: Channel): void {
    if (method !== "end") return;
    const id = Number(args[0]);
    const open = this.#runs.get(channel)?.get(id);
    this.#runs.get(channel)?.delete(id);
    if (open !== undefined) this.#end(open);
  }

  closed(channel: Channel): void {
    for (const open of this.#runs.get(channel)?.values() ?? []) this.#end(open);
    this.#runs.delete(channel);
  }

  #open({ run: id, values, options }: WireRun, channel: Channel): OpenRun {
    let runs = this.#runs.get(channel);
    if (runs === undefined) this.#runs.set(channel, runs = new Map());
    const known = runs.get(id);
    if (known !== undefined) {
      for (const [name, value] of values) known.values.set({ name }, value);
      return known;
    }
    if (runs.size >= MAX_RUNS) throw new RangeError("Too many filter runs");
    const context = new ContextValues(values);
    const controller = new AbortController();
    const run = this.#filter.start({
      values: context,
      options,
      signal: controller.signal,
      log: this.#log,
    });
    const open = { run, values: context, controller };
    runs.set(id, open);
    return open;
  }

  #end({ run, controller }: OpenRun): void {
    controller.abort();
    run.end?.().catch((error: unknown) =>
      this.#log.error("filter end failed", { error })
    );
  }

  #bodyAnswer(
    answer: BodyVerdict | undefined,
    values: ContextValues,
    { channel, transfer }: CallContext,
  ): WireAnswer {
    const verdict = toWireVerdict(answer?.verdict);
    const { prepend, header, body } = answer ?? {};
    return {
      values: values.entries(),
      verdict,
      ...(prepend && { prepend: packBytes(prepend, transfer, "copy") }),
      ...(header && { header: packBytes(header.bytes, transfer, "copy") }),
      ...(body && {
        body: channel.offer(
          body,
          (chunk, give) => packFields(chunk, give, "give"),
        ),
      }),
    };
  }
}

function runStage(
  run: FilterRun,
  stage: string,
  first: unknown,
  second: unknown,
): Promise<Verdict> | undefined {
  switch (stage) {
    case "connect":
      return run.connect?.(first as SessionInfo);
    case "helo":
      return run.helo?.(first as SessionInfo);
    case "sender":
      return run.sender?.(first as Envelope);
    case "recipient":
      return run.recipient?.(first as Envelope, second as Recipient);
    case "header":
      return run.header?.(
        first as Envelope,
        new HeaderBlock(second as Uint8Array),
      );
    default:
      throw new TypeError(`Filters have no stage ${stage}`);
  }
}

function messageOf(wire: WireMessage, channel: Channel): FilterMessage {
  const { body, header } = wire;
  return {
    envelope: wire.envelope,
    recipients: wire.recipients,
    header: new HeaderBlock(header),
    body: "bytes" in body
      ? new MemoryBody(body.bytes)
      : new RemoteBody(channel, body.shelf, body.size),
  };
}

function toWireVerdict(verdict: Verdict | undefined): WireVerdict {
  if (verdict === undefined) return { kind: "pass" };
  if (verdict.kind !== "reject") return verdict;
  return { kind: "reject", error: toWireError(verdict.error, "") };
}

function fromWireVerdict(verdict: WireVerdict): Verdict {
  if (verdict.kind !== "reject") return verdict;
  const error = fromWireError(verdict.error) as SmtpError;
  return { kind: "reject", error };
}
