/** Messages of benchmarks: the same for the same number, alike to real ones. */

const WORDS = [
  ..."about account address agenda answer archive attach budget".split(" "),
  ..."calendar change coffee contract customer deadline delivery".split(" "),
  ..."design detail document draft email engine estimate export".split(" "),
  ..."feature filter folder garden history invoice issue journal".split(" "),
  ..."kernel letter library machine meeting memory message module".split(" "),
  ..."network notice number office option package paper patch".split(" "),
  ..."payment people photo pocket project question queue random".split(" "),
  ..."reader recipe release report review river sample schedule".split(" "),
  ..."script server session signal storage summer table ticket".split(" "),
  ..."travel update user value version weather window winter".split(" "),
];

/** In the text of one message in a thousand. */
export const NEEDLE = "quicksilver";

const encoder = new TextEncoder();

/** Message `n`, of about `bytes` bytes. */
export function benchMessage(n: number, bytes = 2_048): Uint8Array {
  let state = (n + 1) * 2_654_435_761 >>> 0;
  const word = (): string => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return WORDS[(state >>> 8) % WORDS.length] ?? "";
  };
  const date = new Date(Date.UTC(2026, 0, 1) + n * 61_000);
  const sender = `${word()}.${word()}`;
  const lines = [
    `Return-Path: <${sender}@elsewhere.test>`,
    `From: ${word()} ${word()} <${sender}@elsewhere.test>`,
    "To: Bench <u@example.test>",
    `Subject: ${n % 3 === 0 ? "Re: " : ""}${word()} ${word()} ${n % 500}`,
    `Date: ${date.toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${n}.bench@elsewhere.test>`,
    ...(n % 3 === 0 ? [`In-Reply-To: <${n - 1}.bench@elsewhere.test>`] : []),
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "",
    ...(n % 1_000 === 7 ? [NEEDLE] : []),
  ];
  let size = lines.reduce((sum, line) => sum + line.length + 2, 0);
  while (size < bytes) {
    const line = Array.from({ length: 9 }, word).join(" ");
    lines.push(line);
    size += line.length + 2;
  }
  return encoder.encode(`${lines.join("\r\n")}\r\n`);
}
