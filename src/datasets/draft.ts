import { leavesFolder } from './audio-names';
import type { DatasetItem } from './dataset';

/** An item as one row gives it, before it is compared with the others. */
export interface Draft extends Omit<DatasetItem, 'question' | 'events' | 'problem'> {
  readonly question?: string | undefined;
  readonly events?: DatasetItem['events'] | undefined;
  /** Sentences; undefined where all is well. */
  readonly problems: readonly (string | undefined)[];
}

/**
 * Items whose ids differ, in the order of the drafts: the second "x" becomes "x#2". It and an item whose sound would
 * lie outside of the audio folder get a `problem`.
 */
export function finishItems(drafts: readonly Draft[]): DatasetItem[] {
  const given = new Set(drafts.map(({ id }) => id));
  const used = new Set<string>();
  return drafts.map(({ id, audio, question, expected, groups, events, problems }) => {
    const own = used.has(id) ? nextId(id, (other) => used.has(other) || given.has(other)) : id;
    used.add(own);
    const outside = audio.find(leavesFolder);
    const all = [
      own === id ? undefined : `Another item before it has the id "${id}".`,
      outside === undefined ? undefined : `Its sound "${outside}" would lie outside of the audio folder.`,
      ...problems,
    ].filter((problem) => problem !== undefined);
    return {
      id: own,
      audio,
      ...(question === undefined ? {} : { question }),
      expected,
      groups,
      ...(events === undefined ? {} : { events }),
      ...(all.length === 0 ? {} : { problem: all.join(' ') }),
    };
  });
}

function nextId(id: string, isTaken: (id: string) => boolean): string {
  let number = 2;
  while (isTaken(`${id}#${number}`)) {
    number++;
  }
  return `${id}#${number}`;
}

/** Trimmed texts, without those that are empty. */
export function writtenTexts(texts: readonly (string | undefined)[]): string[] {
  return texts.map((text) => text?.trim() ?? '').filter((text) => text !== '');
}
