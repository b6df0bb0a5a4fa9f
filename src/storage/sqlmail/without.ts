/** The list without those positions, which ascend. */
export function without(
  list: number[],
  gone: readonly number[],
): number[] {
  if ((gone[0] ?? Infinity) >= list.length) return list;
  const kept: number[] = [];
  let next = 0;
  for (const [at, value] of list.entries()) {
    if (gone[next] === at) next++;
    else kept.push(value);
  }
  return kept;
}
