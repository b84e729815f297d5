import { decode } from 'html-entities';

/**
 * Names under which a sound may lie in its folder, from names as files write them, each once: without a leading "./",
 * and without the empty ones, but never none.
 */
export function audioNames(...written: readonly string[]): readonly string[] {
  const names = written.map((name) => name.replace(/^(?:\.\/)+/, '')).filter((name) => name !== '');
  return names.length === 0 ? [''] : [...new Set(names)];
}

/**
 * A name of Clotho, which is kept to the letter: spaces, commas and "#" belong to it. Nine are written as HTML
 * ("&amp;", "&#39;"); the sounds lie under one spelling or the other, by how they were unpacked.
 */
export function clothoNames(name: string): readonly string[] {
  return audioNames(name, decode(name, { scope: 'strict' }));
}

/** The last part of a path, for sounds that were unpacked without their folder. */
export function lastPart(name: string): string {
  return name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
}

/**
 * Whether a name points out of the folder it is looked up in, on any system: a dataset is somebody else's file, and
 * must not open what lies elsewhere.
 */
export function leavesFolder(name: string): boolean {
  if (/^(?:[/\\]|[a-z]:[/\\])/i.test(name) || name.includes('\0')) {
    return true;
  }
  let depth = 0;
  for (const part of name.split(/[/\\]/)) {
    depth += part === '..' ? -1 : part === '.' || part === '' ? 0 : 1;
    if (depth < 0) {
      return true;
    }
  }
  return false;
}
