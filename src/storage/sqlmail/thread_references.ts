/**
 * THREAD=REFERENCES. RFC 5256 section 3; the numbers of the steps are those of
 * the RFC. Linear in messages and references but for one sort: every list of
 * siblings is filled from one list of all messages by date.
 */
import type { ThreadWalk } from "#src/imap/powers.ts";
import type { MailboxColumns } from "./mailbox_columns.ts";
import { sortByDate } from "./sort_positions.ts";

/** No parent. */
const NONE = -1;

/** Ancestors that are looked at in all for a loop; beyond it nothing is joined. */
const MAX_STEPS = 5_000_000;

/** Messages that nobody has, for each one that is there. */
const MAX_ABSENT = 4;

/** Threads of the messages at `found`. */
export function threadByReferences(
  columns: MailboxColumns,
  found: Uint32Array,
): ThreadWalk {
  const links = new Links(columns, found);
  const forest = new Forest(columns, found, links.parents);
  forest.mergeSubjects();
  return forest.walk();
}

/** Step 1: who replies to whom. Numbers from `found.length` on are absent. */
class Links {
  readonly parents: number[];
  readonly #hasChildren: boolean[] = [];
  readonly #nodes = new Map<number, number>();
  readonly #mostNodes: number;
  #steps = 0;

  constructor(columns: MailboxColumns, found: Uint32Array) {
    const facts = columns.facts.threading;
    this.parents = new Array<number>(found.length).fill(NONE);
    this.#mostNodes = found.length * (1 + MAX_ABSENT) + 1_000;
    for (const [node, position] of found.entries()) {
      const id = facts.messageIds[position] ?? 0;
      // The second of two with one id is as one without an id.
      if (id !== 0 && !this.#nodes.has(id)) this.#nodes.set(id, node);
    }
    for (const [node, position] of found.entries()) {
      const from = facts.referencesAt[position] ?? 0;
      const to = from + (facts.referenceCounts[position] ?? 0);
      let last = NONE;
      for (let at = from; at < to; at++) {
        const reference = this.#nodeOf(facts.pool[at] ?? 0);
        if (reference === undefined) continue;
        // 1 (A): a link that is there already stays.
        if (last !== NONE && this.parents[reference] === NONE) {
          this.#join(last, reference);
        }
        last = reference;
      }
      // 1 (B): what the message itself says is better than what others say.
      if (last !== NONE) this.#join(last, node);
    }
  }

  #nodeOf(id: number): number | undefined {
    const known = this.#nodes.get(id);
    if (known !== undefined) return known;
    const node = this.parents.length;
    if (node >= this.#mostNodes) return undefined;
    this.parents.push(NONE);
    this.#nodes.set(id, node);
    return node;
  }

  #join(parent: number, child: number): void {
    if (parent === child || this.parents[child] === parent) return;
    if (this.#hasChildren[child] === true && this.#isAbove(child, parent)) {
      return;
    }
    this.parents[child] = parent;
    this.#hasChildren[parent] = true;
  }

  /** Whether `node` is an ancestor of `below`, or nobody may look any more. */
  #isAbove(node: number, below: number): boolean {
    let at = below;
    while (at !== NONE && at !== node) {
      if (++this.#steps > MAX_STEPS) return true;
      at = this.parents[at] ?? NONE;
    }
    return at === node;
  }
}

/** Steps 2 to 6. */
class Forest {
  readonly #columns: MailboxColumns;
  readonly #found: Uint32Array;
  /** Of messages that are there; of absent ones only those at the root. */
  readonly #parents: number[];
  /** Children of absent messages at the root. */
  readonly #members = new Map<number, number[]>();
  /** Messages by sent date, then by their order in the mailbox. */
  readonly #byDate: Uint32Array;

  constructor(
    columns: MailboxColumns,
    found: Uint32Array,
    links: readonly number[],
  ) {
    this.#columns = columns;
    this.#found = found;
    this.#byDate = nodesOf(sortByDate(columns, found), found);
    this.#parents = this.#prune(links);
  }

  /**
   * Steps 2 and 3: absent messages go and their children move up. At the root
   * one stays as long as it holds two or more together.
   */
  #prune(links: readonly number[]): number[] {
    const count = this.#found.length;
    const parents = new Array<number>(count).fill(NONE);
    /** Of absent messages: what stands above all absent ones over them. */
    const above = new Map<number, number>();
    for (const node of this.#byDate) {
      const parent = this.#present(links[node] ?? NONE, links, above);
      parents[node] = parent;
      if (parent < count) continue;
      const members = this.#members.get(parent);
      if (members === undefined) this.#members.set(parent, [node]);
      else members.push(node);
    }
    for (const [absent, members] of this.#members) {
      const [only, second] = members;
      if (only === undefined || second !== undefined) continue;
      parents[only] = NONE;
      this.#members.delete(absent);
    }
    return parents;
  }

  /** The next message above that is there, else the topmost absent one. */
  #present(
    from: number,
    links: readonly number[],
    above: Map<number, number>,
  ): number {
    const path: number[] = [];
    let at = from;
    let end = at;
    while (at >= this.#found.length) {
      const known = above.get(at);
      if (known !== undefined) {
        end = known;
        break;
      }
      path.push(at);
      const next = links[at] ?? NONE;
      end = next === NONE ? at : next;
      at = next;
    }
    for (const absent of path) above.set(absent, end);
    return end;
  }

  /** Steps 4 and 5: threads of one subject become one. */
  mergeSubjects(): void {
    const roots = this.#roots();
    const subjects = new Map<number, number>();
    for (const root of roots) {
      const subject = this.#subjectOf(root);
      if (subject === undefined) continue;
      const known = subjects.get(subject);
      // 5 (B) iv: absent ones first, then those that are no replies.
      const isBetter = known === undefined ||
        (!this.#isAbsent(known) &&
          (this.#isAbsent(root) ||
            (this.#isReply(known) && !this.#isReply(root))));
      if (isBetter) subjects.set(subject, root);
    }
    let next = this.#nodes();
    for (const root of roots) {
      const subject = this.#subjectOf(root);
      if (subject === undefined) continue;
      const known = subjects.get(subject);
      if (known === undefined || known === root) continue;
      const members = this.#members.get(known);
      const own = this.#members.get(root);
      if (members !== undefined) {
        for (const child of own ?? [root]) {
          this.#parents[child] = known;
          members.push(child);
        }
        this.#members.delete(root);
      } else if (this.#isReply(root) && !this.#isReply(known)) {
        this.#parents[root] = known;
      } else {
        const both = next++;
        this.#members.set(both, [known, root]);
        this.#parents[known] = both;
        this.#parents[root] = both;
        subjects.set(subject, both);
      }
    }
  }

  /** Step 6, and the threads in the order in which they are written. */
  walk(): ThreadWalk {
    const roots = this.#roots();
    const children = new Siblings(this.#nodes());
    for (const node of this.#byDate) {
      const parent = this.#parents[node] ?? NONE;
      if (parent !== NONE) children.add(parent, node);
    }
    const most = this.#found.length + roots.length;
    const uids = new Uint32Array(most);
    const depths = new Uint32Array(most);
    let count = 0;
    // Nodes, each with its depth after it.
    const stack: number[] = [];
    for (const root of roots) {
      stack.push(root, 0);
      while (stack.length > 0) {
        const depth = stack.pop() ?? 0;
        const node = stack.pop() ?? 0;
        const position = this.#found[node];
        uids[count] = position === undefined
          ? 0
          : this.#columns.uids[position] ?? 0;
        depths[count++] = depth;
        // The last is put first, so that the first comes next.
        let child = children.last(node);
        for (; child !== NONE; child = children.before(child)) {
          stack.push(child, depth + 1);
        }
      }
    }
    return { uids: uids.slice(0, count), depths: depths.slice(0, count) };
  }

  /** How many nodes there are at most, absent ones included. */
  #nodes(): number {
    let most = this.#found.length;
    for (const absent of this.#members.keys()) {
      most = Math.max(most, absent + 1);
    }
    return most;
  }

  /** What stands at the root, by date; an absent one by its first child. */
  #roots(): readonly number[] {
    const roots: number[] = [];
    const seen = new Set<number>();
    for (const node of this.#byDate) {
      const parent = this.#parents[node] ?? NONE;
      if (parent === NONE) roots.push(node);
      else if (this.#isAbsent(parent) && !seen.has(parent)) {
        seen.add(parent);
        roots.push(parent);
      }
    }
    return roots;
  }

  #isAbsent(node: number): boolean {
    return node >= this.#found.length;
  }

  #isReply(node: number): boolean {
    const position = this.#found[node] ?? 0;
    return this.#columns.facts.threading.replies[position] === 1;
  }

  /** Number of the base subject; of an absent one that of its first child. */
  #subjectOf(root: number): number | undefined {
    const node = this.#isAbsent(root) ? this.#members.get(root)?.[0] : root;
    if (node === undefined) return undefined;
    const position = this.#found[node] ?? 0;
    const subject = this.#columns.facts.text("subject");
    return subject.isEmptyAt(position) ? undefined : subject.valueAt(position);
  }
}

/** Children of each node, from the last back to the first. */
class Siblings {
  readonly #last: Int32Array;
  readonly #before: Int32Array;

  constructor(nodes: number) {
    this.#last = new Int32Array(nodes).fill(NONE);
    this.#before = new Int32Array(nodes).fill(NONE);
  }

  add(parent: number, child: number): void {
    this.#before[child] = this.last(parent);
    this.#last[parent] = child;
  }

  last(parent: number): number {
    return this.#last[parent] ?? NONE;
  }

  before(child: number): number {
    return this.#before[child] ?? NONE;
  }
}

/** The nodes of sorted positions: where each stands in `found`. */
function nodesOf(sorted: Uint32Array, found: Uint32Array): Uint32Array {
  const nodes = new Uint32Array((found.at(-1) ?? 0) + 1);
  for (let node = 0; node < found.length; node++) {
    nodes[found[node] ?? 0] = node;
  }
  return sorted.map((position) => nodes[position] ?? 0);
}
