/** Messages of the delivery contract as the client sends them. */
import type { Body } from "#src/message/body.ts";
import type { HeaderBlock } from "#src/message/header_block.ts";
import type { DeliveryMessage } from "#src/module/roles/delivery.ts";
import type { Envelope, Recipient } from "#src/module/roles/session.ts";
import type { ClientMessage } from "#src/smtp/client/smtp_client.ts";

/** The message for these recipients, whose addresses differ. */
export function clientMessage(
  { mailFrom, parameters }: Envelope,
  recipients: readonly Recipient[],
  { header, body }: DeliveryMessage,
): ClientMessage {
  const hasUtf8Header = !isAscii(header.bytes);
  const hasUtf8Address = [mailFrom, ...recipients.map((r) => r.address)]
    .some((address) => !/^[\x20-\x7e]*$/.test(address));
  return {
    mailFrom,
    recipients: recipients.map(({ address, notify, orcpt }) => ({
      address,
      ...(notify === undefined ? {} : { notify }),
      ...(orcpt === undefined ? {} : { orcpt }),
    })),
    size: header.bytes.length + body.size,
    eightBit: parameters.body === "8BITMIME" || hasUtf8Header,
    // Senders often ask for SMTPUTF8 without need; only the need has to pass.
    smtpUtf8: hasUtf8Address ||
      (parameters.smtpUtf8 === true && hasUtf8Header),
    requireTls: parameters.requireTls === true,
    ...(parameters.ret === undefined ? {} : { ret: parameters.ret }),
    ...(parameters.envid === undefined ? {} : { envid: parameters.envid }),
    open: () => messageChunks(header, body),
  };
}

async function* messageChunks(
  header: HeaderBlock,
  body: Body,
): AsyncGenerator<Uint8Array> {
  if (header.bytes.length > 0) yield header.bytes;
  if (body.bytes !== undefined) yield body.bytes;
  else yield* body.open();
}

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > 0x7f) return false;
  return true;
}
