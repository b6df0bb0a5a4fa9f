import assert from "node:assert/strict";
import type { MailboxInfo } from "./backend.ts";
import {
  type Criterion,
  type ListSelection,
  selectNames,
} from "./list_selection.ts";
import { treeOf } from "./mailbox_tree.ts";

/** `a`, `a+` subscribed, `a!` with a use, `a-` only a name. */
function infoOf(spec: string, n: number): MailboxInfo {
  const name = spec.replace(/[-+!]+$/, "");
  const marks = spec.slice(name.length);
  return {
    id: marks.includes("-") ? undefined : n + 1,
    name,
    specialUse: marks.includes("!") ? "\\Archive" : undefined,
    subscribed: marks.includes("+"),
    status: undefined,
    objectId: `F${n}`,
  };
}

/** What is told, as `name`; `(name)` where only something below is chosen. */
function told(
  mailboxes: readonly string[],
  selection: Partial<Omit<ListSelection, "matches">> & {
    readonly pattern?: RegExp;
  },
): string[] {
  const { criteria = [], isRecursive = false, pattern = /./ } = selection;
  const names = selectNames(treeOf(mailboxes.map(infoOf)), {
    criteria,
    isRecursive,
    matches: (name) => pattern.test(name),
  });
  return names.map(({ listed, isChosen, hasChosenBelow }) => {
    const name = isChosen ? listed.name : `(${listed.name})`;
    return hasChosenBelow ? `${name} >` : name;
  });
}

const TOP = /^[^/]+$/;

Deno.test("without criteria every name is told that exists or leads to one", () => {
  assert.deepEqual(told(["a/b/c", "INBOX", "B"], {}), [
    "INBOX",
    "B",
    "a",
    "a/b",
    "a/b/c",
  ]);
  assert.deepEqual(told(["a/b/c", "B"], { pattern: TOP }), ["B", "a"]);
  // A subscription alone makes no mailbox, nor a parent of one.
  assert.deepEqual(told(["gone/x+-", "B+"], {}), ["B"]);
});

Deno.test("SUBSCRIBED tells what is subscribed, also where it is gone", () => {
  const mailboxes = ["a+", "a/b", "gone+-", "x/y+"];
  const criteria: Criterion[] = ["SUBSCRIBED"];
  assert.deepEqual(told(mailboxes, { criteria }), ["a", "gone", "x/y"]);
  assert.deepEqual(told(mailboxes, { criteria, pattern: TOP }), ["a", "gone"]);
});

Deno.test("criteria add up", () => {
  assert.deepEqual(
    told(["a+", "b!", "c+!", "d"], { criteria: ["SUBSCRIBED", "SPECIAL-USE"] }),
    ["c"],
  );
  assert.deepEqual(
    told(["a+", "b!", "c+!", "d"], { criteria: ["SPECIAL-USE"] }),
    ["b", "c"],
  );
});

Deno.test("RECURSIVEMATCH tells parents of what is chosen and not told", () => {
  const criteria: Criterion[] = ["SUBSCRIBED"];
  const mailboxes = ["a", "a/b+", "c+", "c/d+", "e", "f/g/h+-"];
  assert.deepEqual(
    told(mailboxes, { criteria, isRecursive: true, pattern: TOP }),
    ["(a) >", "c >", "(f) >"],
  );
  // Told itself, the child says it all; its parent would be redundant.
  assert.deepEqual(
    told(mailboxes, { criteria, isRecursive: true }),
    ["a/b", "c >", "c/d", "f/g/h"],
  );
  // Between the parent and the child nothing matches.
  assert.deepEqual(
    told(mailboxes, { criteria, isRecursive: true, pattern: /^f/ }),
    ["f/g/h"],
  );
  // The parent does not match: nothing is told for it.
  assert.deepEqual(
    told(mailboxes, { criteria, isRecursive: true, pattern: /^(b|e)$/ }),
    [],
  );
});

/** A generator of numbers below `n` that is the same in each run. */
function numbers(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = Math.imul(state, 1664525) + 1013904223 >>> 0;
    return Math.floor(state / 2 ** 32 * n);
  };
}

Deno.test("random trees: as RFC 5258 section 3.5 defines it", () => {
  const below = numbers(5258);
  for (let round = 0; round < 500; round++) {
    const names = new Set<string>();
    for (let n = below(8); n >= 0; n--) {
      const levels = Array.from(
        { length: 1 + below(3) },
        () => "abc"[below(3)],
      );
      names.add(levels.join("/"));
    }
    const mailboxes = [...names].map((name) =>
      name + (below(2) ? "+" : "") + (below(4) ? "" : "-")
    );
    const pattern = [TOP, /./, /^a/, /b$/][below(4)] ?? TOP;
    const isChosen = (spec: string): boolean => spec.includes("+");
    const nameOf = (spec: string): string => spec.replace(/[-+]+$/, "");
    const expected = new Set<string>();
    for (const spec of mailboxes.filter(isChosen)) {
      const name = nameOf(spec);
      if (pattern.test(name)) expected.add(name);
      const levels = name.split("/");
      for (let n = 1; n < levels.length && !pattern.test(name); n++) {
        const parent = levels.slice(0, n).join("/");
        if (pattern.test(parent)) expected.add(parent);
      }
    }
    const actual = told(mailboxes, {
      criteria: ["SUBSCRIBED"],
      isRecursive: true,
      pattern,
    }).map((text) => text.replace(/ >$/, "").replace(/^\((.*)\)$/, "$1"));
    assert.deepEqual(
      actual.toSorted(),
      [...expected].toSorted(),
      `${mailboxes.join(" ")} ${pattern}`,
    );
  }
});
