import assert from "node:assert/strict";
import { SYSTEM_CLOCK } from "#src/clock/clock.ts";
import { SILENT_LOG } from "#src/log/log.ts";
import { Sqlite3 } from "../sqlite3.ts";
import { BlockBuilder } from "./block_builder.ts";
import { writeBlock } from "./block_writer.ts";
import { NO, PERHAPS, YES } from "./content_states.ts";
import { collationKey, fold } from "./fold_text.ts";
import { FieldNumbers } from "./index_field.ts";
import { indexQuery } from "./index_query.ts";
import { SearchIndex, type WantedText } from "./search_index.ts";
import { SEARCH_FORMAT, SEARCH_SCHEMA } from "./search_schema.ts";
import { WordCutter } from "./word_cutter.ts";

const GENERATION = 7;

/** A message of the corpus, folded. */
interface Sample {
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly texts: readonly string[];
}

/** Numbers that look random and are the same every time. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

/** Writes the samples as blocks of `size`; content ids count from 1. */
async function withIndex(
  samples: readonly Sample[],
  size: number,
  test: (
    find: (wanted: WantedText) => Promise<readonly number[]>,
  ) => Promise<void>,
  { fewWords = 8_000 }: { readonly fewWords?: number } = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/search.db`;
  const driver = new Sqlite3({ path, readOnly: false, canBeMadeAgain: true });
  await driver.open();
  const index = new SearchIndex({
    path,
    fewWords,
    clock: SYSTEM_CLOCK,
    log: SILENT_LOG,
  });
  const cutter = new WordCutter();
  const fields = FieldNumbers.common();
  try {
    await driver.write(async (sql) => {
      driver.script(sql, SEARCH_SCHEMA);
      await sql.run("INSERT INTO meta VALUES ('format', ?)", [SEARCH_FORMAT]);
      await sql.run("INSERT INTO meta VALUES ('generation', ?)", [GENERATION]);
      for (let first = 1; first <= samples.length; first += size) {
        const builder = new BlockBuilder(first, cutter);
        const last = Math.min(first + size - 1, samples.length);
        for (let id = first; id <= last; id++) {
          const sample = samples[id - 1];
          assert.ok(sample !== undefined);
          builder.add(id, {
            lines: sample.lines.map(([name, value]) => ({
              field: fields.add(name),
              name: name.toUpperCase(),
              value,
            })),
            texts: sample.texts,
            complete: true,
          });
        }
        const block = { last, now: 0 };
        await writeBlock(sql, builder, block, fields, async () => {});
      }
    });
    await test(async (wanted) => {
      const states = await index.find(wanted, GENERATION, () => true);
      return samples.map((_, n) => states.of(n + 1));
    });
  } finally {
    await index.close();
    await driver.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** What a look at the message says. */
function naive(sample: Sample, { scope, text }: WantedText): boolean {
  if (typeof scope === "object") {
    return sample.lines.some(([name, value]) =>
      name === scope.field && value.includes(text)
    );
  }
  const inBody = sample.texts.some((each) => each.includes(text));
  if (scope === "body" || inBody) return inBody;
  return sample.lines.some(([name, value]) =>
    `${name.toUpperCase()}: ${value}`.includes(text)
  );
}

const ALPHABETS = [
  "ab ",
  "abc.@-  ",
  "AB漢字かな。 ",
  "xy\u0301z\u0301e 12_",
  "ab.\u{1f600}\u{20000}ก ",
];

Deno.test("what the index says of random texts is what is in them", async () => {
  const random = generator(11);
  for (const [turn, alphabet] of [...ALPHABETS, ...ALPHABETS].entries()) {
    // Once by what FTS5 knows, once by reading words.
    const fewWords = turn < ALPHABETS.length ? 0 : 8_000;
    const letters = [...alphabet];
    const text = (length: number): string =>
      fold(
        Array.from({ length }, () => letters[random(letters.length)]).join(""),
      ).trim();
    const samples = Array.from({ length: 60 }, (): Sample => ({
      lines: [
        ["subject", text(random(12))],
        ["from", text(random(12))],
        ["from", text(random(6))],
        [`x-${"abc".charAt(random(3))}`, text(random(8))],
      ],
      texts: Array.from({ length: random(3) }, () => text(random(40))),
    }));
    let decided = 0;
    let asked = 0;
    await withIndex(samples, 17, async (find) => {
      for (let round = 0; round < 400; round++) {
        const scopes: readonly WantedText["scope"][] = [
          "all",
          "body",
          { field: "subject" },
          { field: "from" },
          { field: "x-b" },
          { field: "x-none" },
        ];
        const scope = scopes[random(scopes.length)] ?? "all";
        const sample = samples[random(samples.length)];
        const source = [
          ...sample?.texts ?? [],
          ...sample?.lines.map(([name, value]) =>
            `${name.toUpperCase()}: ${value}`
          ) ?? [],
        ].join(" ");
        const from = random(source.length);
        const wanted = random(4) === 0
          ? text(1 + random(4))
          : source.slice(from, from + 1 + random(9));
        if (wanted === "" || !wanted.isWellFormed()) continue;
        const states = await find({ scope, text: wanted });
        for (const [n, state] of states.entries()) {
          asked++;
          if (state === PERHAPS) continue;
          decided++;
          const one = samples[n];
          assert.ok(one !== undefined);
          assert.equal(
            state,
            naive(one, { scope, text: wanted }) ? YES : NO,
            JSON.stringify({ wanted, scope, one }),
          );
        }
      }
    }, { fewWords });
    // Spaces at the ends are left open, and single letters beside others.
    assert.ok(decided > asked / 2, `${alphabet}: ${decided} of ${asked}`);
  }
});

Deno.test("words of any length are found, and never missed", async () => {
  const random = generator(5);
  const long = (length: number): string =>
    Array.from({ length }, () => "ABCDEF".charAt(random(6))).join("");
  const samples = Array.from({ length: 20 }, (_, n): Sample => ({
    lines: [],
    texts: [`${long(20 + 60 * n)} END`],
  }));
  await withIndex(samples, 20, async (find) => {
    for (let round = 0; round < 200; round++) {
      const text = samples[random(20)]?.texts[0] ?? "";
      const from = random(text.length);
      const wanted = text.slice(from, from + 3 + random(100)).trim();
      if (wanted === "") continue;
      const states = await find({ scope: "body", text: wanted });
      for (const [n, state] of states.entries()) {
        const holds = samples[n]?.texts[0]?.includes(wanted) ?? false;
        if (state === PERHAPS) {
          assert.ok((samples[n]?.texts[0]?.length ?? 0) > 128);
        } else assert.equal(state, holds ? YES : NO);
      }
    }
  });
});

Deno.test("a text is decided in whole languages without spaces", async () => {
  const samples: Sample[] = [
    { lines: [["subject", "会議の案内"]], texts: ["明日の会議について"] },
    { lines: [["subject", "案内"]], texts: ["会 議"] },
    { lines: [], texts: ["สวัสดีครับ"] },
  ].map(({ lines, texts }) => ({
    lines: lines.map(([name = "", value = ""]) => [name, fold(value)] as const),
    texts: texts.map(fold),
  }));
  await withIndex(samples, 2, async (find) => {
    const text = async (
      scope: WantedText["scope"],
      wanted: string,
    ): Promise<readonly number[]> => await find({ scope, text: fold(wanted) });
    assert.deepEqual(await text("body", "会議"), [YES, NO, NO]);
    assert.deepEqual(await text("body", "議"), [YES, YES, NO]);
    assert.deepEqual(await text("all", "案内"), [YES, YES, NO]);
    assert.deepEqual(await text("body", "วัส"), [NO, NO, YES]);
  });
});

Deno.test("texts that no index can decide are left open", async () => {
  const samples: Sample[] = [{ lines: [], texts: ["ONE TWO"] }];
  await withIndex(samples, 1, async (find) => {
    assert.deepEqual(await find({ scope: "body", text: " " }), [PERHAPS]);
    assert.deepEqual(await find({ scope: "body", text: " TWO" }), [PERHAPS]);
    assert.deepEqual(
      await find({ scope: "body", text: "A ".repeat(3_000) }),
      [PERHAPS],
    );
    assert.deepEqual(
      await find({ scope: "body", text: `ONE TWO${'"'.repeat(500)}` }),
      [NO],
    );
  });
});

Deno.test("an index of another store, or none, says nothing", async () => {
  const folder = await Deno.makeTempDir();
  const index = new SearchIndex({
    path: `${folder}/none.db`,
    clock: SYSTEM_CLOCK,
    log: SILENT_LOG,
  });
  try {
    const wanted: WantedText = { scope: "all", text: "A" };
    const states = await index.find(wanted, GENERATION, () => true);
    assert.equal(states.of(1), PERHAPS);
  } finally {
    await index.close();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("folding drops case and compatibility, keeps what is in what", () => {
  assert.equal(fold("Straße"), "STRAßE");
  assert.equal(fold("ΟΔΟΣ"), fold("οδος"));
  assert.equal(fold("ﬁne\r\n\t ½"), fold("FINE 1⁄2"));
  assert.ok(fold("ΟΔΟΣΑ").includes(fold("οδος")));
  assert.ok(fold("café").includes(fold("CAFE")));
  assert.ok(collationKey("\u{1f600}") > collationKey("\uff5e"));
});

Deno.test("a query is cut where the text is cut", () => {
  const query = indexQuery(fold("me@Example.org x"), new WordCutter());
  assert.deepEqual(
    query?.pieces.map(({ text, match, offset }) => [text, match, offset]),
    [
      ["ME", "suffix", 0],
      ["@", "equal", 2],
      ["EXAMPLE", "equal", 4],
      [".", "equal", 6],
      ["ORG", "equal", 8],
      ["X", "prefix", 11],
    ],
  );
});
