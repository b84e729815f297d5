import { diffWords } from 'diff';
import { element } from './element';

/**
 * A caption with its word differences against the unpruned one: what was added is underlined, what is missing is struck
 * through, so that neither needs its colour. Screen readers are told by the elements `ins` and `del`.
 */
export function differences(reference: string, caption: string): { readonly nodes: Node[]; readonly changed: number } {
  let changed = 0;
  const nodes = diffWords(reference, caption).map(({ value, added, removed }): Node => {
    if (added || removed) changed += value.split(/\s+/).filter(Boolean).length;
    if (added) return element('ins', { text: value });
    if (removed) return element('del', { text: value });
    return document.createTextNode(value);
  });
  return { nodes, changed };
}
