/** Which names a LIST command is about. RFC 5258 section 3.3 and 3.5. */
import { ancestorsOf, type ListedName } from "./mailbox_tree.ts";

/** Options that choose mailboxes, as CHILDINFO names them. */
export type Criterion = "SUBSCRIBED" | "SPECIAL-USE";

/** What chooses. */
export interface ListSelection {
  /** All of them have to hold. */
  readonly criteria: readonly Criterion[];
  readonly isRecursive: boolean;
  matches(name: string): boolean;
}

/** A name that is told. */
export interface SelectedName {
  readonly listed: ListedName;
  /** It meets the criteria; else only something below it does. */
  readonly isChosen: boolean;
  /** Something below it meets the criteria, and the client wants to know. */
  readonly hasChosenBelow: boolean;
}

/** The names of the tree that are told, in its order. */
export function selectNames(
  tree: readonly ListedName[],
  selection: ListSelection,
): SelectedName[] {
  const { criteria, isRecursive, matches } = selection;
  const chosenBelow = new Set<string>();
  /** As `chosenBelow`, where what is below is not told itself. */
  const hiddenBelow = new Set<string>();
  for (const listed of isRecursive ? tree : []) {
    if (!isChosen(listed, criteria)) continue;
    const isTold = matches(listed.name);
    for (const parent of ancestorsOf(listed.name)) {
      chosenBelow.add(parent);
      if (!isTold) hiddenBelow.add(parent);
    }
  }
  const selected: SelectedName[] = [];
  for (const listed of tree) {
    const { name } = listed;
    if (!matches(name)) continue;
    const own = isChosen(listed, criteria);
    // Section 3.5: a parent whose chosen children are all told is redundant.
    if (!own && !hiddenBelow.has(name)) continue;
    const hasChosenBelow = chosenBelow.has(name);
    selected.push({ listed, isChosen: own, hasChosenBelow });
  }
  return selected;
}

function isChosen(
  listed: ListedName,
  criteria: readonly Criterion[],
): boolean {
  if (criteria.includes("SUBSCRIBED") && !listed.subscribed) return false;
  const hasUse = listed.info?.specialUse !== undefined;
  if (criteria.includes("SPECIAL-USE") && !hasUse) return false;
  // A name that is only subscribed shows where subscriptions are asked for.
  return listed.exists || listed.hasChildren || criteria.includes("SUBSCRIBED");
}
