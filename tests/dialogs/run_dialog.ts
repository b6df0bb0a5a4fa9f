/** Runs one transcript against a fresh server. */
import { DialogClient } from "./dialog_client.ts";
import type { DialogServer, StartDialogServer } from "./dialog_server.ts";
import type { DialogStep, Transcript } from "./transcript.ts";

/** How the client's bytes are cut. */
export type Cutting = "whole" | "single bytes";

/** Runs it; throws with the line at which it went otherwise. */
export async function runDialog(
  transcript: Transcript,
  start: StartDialogServer,
  cutting: Cutting,
): Promise<void> {
  const server = await start(transcript.settings);
  try {
    const client = await DialogClient.connect(
      server.port,
      server.implicitTls ? server.authority : undefined,
    );
    try {
      for (const step of transcript.steps) {
        await runStep(step, client, server, cutting);
      }
    } finally {
      client.close();
    }
  } finally {
    await server.stop();
  }
}

async function runStep(
  step: DialogStep,
  client: DialogClient,
  server: DialogServer,
  cutting: Cutting,
): Promise<void> {
  try {
    await performStep(step, client, server, cutting);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`Line ${step.line}: ${reason}`, { cause });
  }
}

async function performStep(
  step: DialogStep,
  client: DialogClient,
  server: DialogServer,
  cutting: Cutting,
): Promise<void> {
  switch (step.kind) {
    case "send":
      return await send(client, step.bytes, cutting);
    case "expect": {
      const line = await client.line();
      if (line !== step.text) throw differs(step.text, line);
      return;
    }
    case "match": {
      const line = await client.line();
      if (!step.regexp.test(line)) throw differs(step.regexp.source, line);
      return;
    }
    case "skip": {
      const seen: string[] = [];
      for (let line = ""; line !== step.text; seen.push(line)) {
        line = await client.line();
        if (seen.length > 1000) throw differs(step.text, seen.join("\n"));
      }
      return;
    }
    case "tls":
      if (server.authority === undefined) throw new Error("No TLS here");
      return await client.startTls(server.authority);
    case "closed":
      return await client.closed();
    case "disconnect":
      return client.close();
    case "read":
      return await untilRead(client, server);
    case "advance":
      return server.advance(step.seconds);
    case "server":
      return await server.directive(step.word, step.rest);
  }
}

/** How often the server's counter is looked at, and for how long. */
const LOOK_MS = 5;
const MAX_LOOKS = 4000;

async function untilRead(
  client: DialogClient,
  server: DialogServer,
): Promise<void> {
  for (let looks = 0; server.bytesRead() < client.sent; looks++) {
    if (looks > MAX_LOOKS) throw new Error("The server does not read");
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function send(
  client: DialogClient,
  bytes: Uint8Array,
  cutting: Cutting,
): Promise<void> {
  if (cutting === "whole") return await client.write(bytes);
  for (let i = 0; i < bytes.length; i++) {
    await client.write(bytes.subarray(i, i + 1));
  }
}

function differs(expected: string, actual: string): Error {
  return new Error(`expected\n  ${expected}\ngot\n  ${actual}`);
}
