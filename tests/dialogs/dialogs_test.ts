/** Every `*.dialog` file below this folder, whole and byte by byte. */
import { runDialog } from "./run_dialog.ts";
import { IMAP_SERVERS } from "./imap_servers.ts";
import { SMTP_SERVERS } from "./smtp_servers.ts";
import type { StartDialogServer } from "./dialog_server.ts";
import { parseTranscript, type Transcript } from "./transcript.ts";

/** By the word after `@server`. */
const SERVERS: Readonly<Record<string, StartDialogServer>> = {
  ...IMAP_SERVERS,
  ...SMTP_SERVERS,
};

/** More than that is not sent byte by byte. */
const MAX_SINGLE_BYTES = 30_000;

function dialogFiles(folder: URL): URL[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const url = new URL(entry.name, folder);
    if (entry.isDirectory) return dialogFiles(new URL(`${url}/`));
    return entry.name.endsWith(".dialog") ? [url] : [];
  });
}

const here = new URL("./", import.meta.url);
for (const file of dialogFiles(here)) {
  defineTests(file.pathname.slice(here.pathname.length), file);
}

function defineTests(name: string, file: URL): void {
  let transcript: Transcript;
  try {
    transcript = parseTranscript(Deno.readTextFileSync(file));
  } catch (error) {
    return Deno.test(`${name} can be read`, () => {
      throw error;
    });
  }
  const { title, server, steps, once } = transcript;
  const start = SERVERS[server];
  Deno.test(`${name}: ${title}`, async () => {
    if (start === undefined) throw new Error(`No server "${server}"`);
    await runDialog(transcript, start, "whole");
  });
  const bytes = steps.reduce(
    (sum, step) => sum + (step.kind === "send" ? step.bytes.length : 0),
    0,
  );
  if (once || start === undefined || bytes > MAX_SINGLE_BYTES) return;
  Deno.test(`${name} byte by byte: ${title}`, () =>
    runDialog(transcript, start, "single bytes"));
}
