import { keepsPlainTokens, type Selection } from '../../pruning/selection';
import type { Matrix } from '../../pruning/strategy';

/** Each slot's weighted sum of its tokens: [kept, width]. */
export function gatherSlots(tokens: Matrix, selection: Selection): Float32Array {
  const { data, rows, columns } = tokens;
  const { groups, weights } = selection;
  if (keepsPlainTokens(selection) && groups.length === rows) {
    return data;
  }
  const slots = new Float32Array(groups.length * columns);
  groups.forEach((group, slot) => {
    const target = slots.subarray(slot * columns, (slot + 1) * columns);
    group.forEach((token, i) => {
      const weight = weights[slot]![i]!;
      const source = data.subarray(token * columns, (token + 1) * columns);
      if (group.length === 1 && weight === 1) {
        target.set(source);
      } else {
        for (let column = 0; column < columns; column++) {
          target[column]! += weight * source[column]!;
        }
      }
    });
  });
  return slots;
}
