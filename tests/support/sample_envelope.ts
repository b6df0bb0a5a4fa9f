/** Envelopes, recipients and messages for tests of deliveries. */
import { MemoryBody } from "#src/message/body.ts";
import { HeaderBlock } from "#src/message/header_block.ts";
import type { DeliveryMessage } from "#src/module/roles/delivery.ts";
import type {
  Envelope,
  MailParameters,
  Recipient,
} from "#src/module/roles/session.ts";

/** An envelope as an endpoint would make it. */
export function sampleEnvelope(
  mailFrom = "alice@here.test",
  parameters: MailParameters = {},
): Envelope {
  return {
    id: "E1",
    session: {
      id: "S1",
      protocol: "submission",
      remoteAddress: "127.0.0.1",
      remotePort: 40_000,
      localAddress: "127.0.0.1",
      localPort: 587,
      helo: "client.test",
      esmtp: true,
      tls: undefined,
      identity: undefined,
    },
    mailFrom,
    parameters,
    receivedAt: Date.UTC(2026, 0, 1),
  };
}

/** A recipient without rewriting. */
export function sampleRecipient(
  address: string,
  extra: Partial<Recipient> = {},
): Recipient {
  return { address, original: address, ...extra };
}

/** A message of a subject and a body. */
export function sampleMessage(
  body = "Hello\r\n",
  header = "Subject: test\r\n\r\n",
): DeliveryMessage {
  const encoder = new TextEncoder();
  return {
    header: new HeaderBlock(encoder.encode(header)),
    body: new MemoryBody(encoder.encode(body)),
  };
}
