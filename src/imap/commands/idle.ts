/** IDLE. RFC 9051 section 6.3.13 (RFC 2177). */
import { defineCommand, LOGGED_IN } from "#src/imap/command.ts";
import { ImapError } from "#src/imap/errors.ts";
import type { Session } from "#src/imap/session.ts";
import { asciiText, upperAscii } from "#src/imap/wire/ascii.ts";
import { ConnectionClosed } from "#src/net/connection_errors.ts";
import { noArguments } from "./no_arguments.ts";

export const idle = defineCommand({
  name: "IDLE",
  states: LOGGED_IN,
  capability: "IDLE",
  parse: noArguments,
  async run(session) {
    session.out.line("+ Idling");
    const line = await waitForLine(session);
    if (line === undefined) throw new ConnectionClosed("The client is gone");
    if (session.isDraining) return { text: "Idle ended" };
    if (upperAscii(asciiText(line)) !== "DONE") {
      throw new ImapError("BAD", "Expected DONE");
    }
    return { text: "Idle ended" };
  },
});

/** Tells news as it comes until the client says something. */
async function waitForLine(session: Session): Promise<Uint8Array | undefined> {
  const { services, out } = session;
  const selected = session.trySelected;
  const bell = new Bell();
  let isOver = false;
  if (selected !== undefined) selected.onWake = () => bell.ring();
  session.onDrain = () => bell.ring();
  try {
    // What came before the bell was hung up.
    await tell(session);
    const read = session.reader.line(services.settings.idleTimeoutMs)
      .finally(() => {
        isOver = true;
        bell.ring();
      });
    // Awaited below; until then nobody else would see it fail.
    read.catch(() => {});
    while (!isOver && !session.isDraining) {
      await bell.rung();
      if (!isOver && !session.isDraining) {
        await tell(session);
        await out.flush();
      }
    }
    // The pending read ends with the connection, which the loop closes.
    return isOver ? await read : new Uint8Array(0);
  } finally {
    if (selected !== undefined) selected.onWake = undefined;
    session.onDrain = undefined;
  }
}

async function tell(session: Session): Promise<void> {
  await session.tellNews({ expunge: true, poll: false });
}

/** Remembers that it was rung until somebody has waited for it. */
class Bell {
  #rang = Promise.withResolvers<void>();

  ring(): void {
    this.#rang.resolve();
  }

  async rung(): Promise<void> {
    await this.#rang.promise;
    this.#rang = Promise.withResolvers<void>();
  }
}
