/** Words longer than this are not looked at: nobody misspells so long a word into a keyword. */
const LONGEST = 40;

/**
 * The candidate that `word` most likely was meant to be: the one with the fewest letters changed, left out, doubled or swapped,
 * and at most a third of them; undefined if none is near, or if two are equally near. Case does not matter.
 */
export function nearestWord(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase();
  if (wanted.length < 3 || wanted.length > LONGEST) return undefined;
  let limit = Math.min(3, Math.max(1, Math.floor(wanted.length / 3)));
  let found: string | undefined;
  let tied = false;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) > limit || candidate === found) continue;
    const distance = editDistance(wanted, candidate.toLowerCase(), limit);
    if (distance > limit) continue;
    tied = found !== undefined && distance === limit;
    if (found === undefined || distance < limit) found = candidate;
    limit = distance;
  }
  return tied ? undefined : found;
}

/** Letters to insert, delete, replace or swap with their neighbour; anything above `limit` if it is above that. */
function editDistance(left: string, right: string, limit: number): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    let least = row;
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1] ? 0 : 1;
      let cost = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + same);
      const swapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      current.push(cost);
      least = Math.min(least, cost);
    }
    if (least > limit) return limit + 1;
    beforeLast = last;
    last = current;
  }
  return last[right.length] ?? limit + 1;
}
