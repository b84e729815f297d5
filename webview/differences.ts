import { diffWords } from 'diff';
import { element } from './element';

/** A stretch of words that both captions have, or only one of them. */
export interface Change {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
  /** Where it stands in the caption; for what was removed, where it would stand. */
  readonly start: number;
}

export function changesOf(reference: string, caption: string): Change[] {
  let start = 0;
  return diffWords(reference, caption).map(({ value, added, removed }) => {
    const change: Change = { kind: added ? 'added' : removed ? 'removed' : 'same', text: value, start };
    if (!removed) start += value.length;
    return change;
  });
}

/** Words that stand in one of the two captions only. */
export function changedWords(changes: readonly Change[]): number {
  return changes
    .filter(({ kind }) => kind !== 'same')
    .reduce((sum, change) => sum + change.text.split(/\s+/).filter(Boolean).length, 0);
}

/**
 * A caption with its word differences against the unpruned one: what was added is underlined, what is missing is struck
 * through, so that neither needs its colour. Screen readers are told by the elements `ins` and `del`.
 */
export function differences(reference: string, caption: string): { readonly nodes: Node[]; readonly changed: number } {
  const changes = changesOf(reference, caption);
  const nodes = changes.flatMap(({ kind, text }): Node[] => {
    if (kind === 'same') return [document.createTextNode(text)];
    // Spaces around a word are not marked.
    const words = text.trim();
    const at = text.indexOf(words);
    const mark = element(kind === 'added' ? 'ins' : 'del', { text: words });
    const around = [text.slice(0, at), text.slice(at + words.length)].map((space) => document.createTextNode(space));
    return [around[0]!, mark, around[1]!];
  });
  return { nodes, changed: changedWords(changes) };
}
