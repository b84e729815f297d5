import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseFile } from 'music-metadata';
import { describe, expect, it } from 'vitest';

const folder = path.resolve(import.meta.dirname, '../../media/benchmark');
const clipsFolder = path.join(folder, 'clips');

interface Item {
  readonly id: string;
  readonly audio: string;
  readonly question?: string;
  readonly captions?: readonly string[];
  readonly transcript?: string;
  readonly answer?: string;
  readonly choices?: readonly string[];
  readonly lettered?: boolean;
  readonly groups: Readonly<Record<string, string>>;
  readonly events: readonly { readonly start: number; readonly end: number; readonly what: string }[];
}

const { audio, items } = JSON.parse(readFileSync(path.join(folder, 'benchmark.json'), 'utf8')) as {
  readonly audio: string;
  readonly items: readonly Item[];
};
const clips = new Map(items.map((item) => [item.audio, item]));
const questions = items.filter((item) => item.answer !== undefined);

/** How often each of some keys occurs. */
function counts(keys: readonly (string | number | undefined)[]): Map<string | number | undefined, number> {
  const found = new Map<string | number | undefined, number>();
  for (const key of keys) {
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  return found;
}

function expectEven(keys: readonly (string | number | undefined)[]): void {
  const numbers = [...counts(keys).values()];
  expect(Math.max(...numbers) - Math.min(...numbers)).toBeLessThanOrEqual(2);
}

describe('the benchmark', () => {
  it('has at least 120 clips in four parts', () => {
    expect(audio).toBe('clips');
    expect(clips.size).toBeGreaterThanOrEqual(120);
    const parts = counts([...clips.values()].map((item) => item.groups['part']));
    expect([...parts.keys()].sort()).toEqual(['events', 'sequences', 'speech', 'speech with events']);
    expect(Math.min(...parts.values())).toBeGreaterThanOrEqual(30);
  });

  it('asks one thing an item, under an id of its own', () => {
    expect(new Set(items.map((item) => item.id)).size).toBe(items.length);
    for (const { id, captions, transcript, answer } of items) {
      const expected = [captions, transcript, answer].filter((value) => value !== undefined);
      expect(expected, id).toHaveLength(1);
    }
  });

  it('has five different captions where it has captions', () => {
    const captioned = items.filter((item) => item.captions !== undefined);
    expect(captioned.length).toBeGreaterThanOrEqual(90);
    for (const { id, captions = [] } of captioned) {
      expect(new Set(captions).size, id).toBe(5);
      for (const caption of captions) {
        expect(caption, id).toMatch(/^[A-Z].*[.?!]"?$/);
      }
    }
  });

  it('asks at least 100 questions, their right answers spread evenly', () => {
    expect(questions.length).toBeGreaterThanOrEqual(100);
    for (const { id, answer = '', choices = [], groups } of questions) {
      expect(choices, id).toContain(answer);
      expect(new Set(choices).size, id).toBe(choices.length);
      expect(['sound', 'speech', 'order'], id).toContain(groups['category']);
      expect(['easy', 'medium', 'hard'], id).toContain(groups['difficulty']);
    }
    const lettered = questions.filter((item) => item.lettered !== false);
    for (const size of new Set(lettered.map((item) => item.choices?.length))) {
      const alike = lettered.filter((item) => item.choices?.length === size);
      expectEven(alike.map((item) => item.choices?.indexOf(item.answer ?? '')));
    }
    const plain = questions.filter((item) => item.lettered === false);
    expect(new Set(plain.map((item) => item.choices?.join()))).toEqual(new Set(['Yes,No']));
    for (const question of new Set(plain.map((item) => item.question?.replace(/:.*/, '')))) {
      expectEven(plain.filter((item) => item.question?.startsWith(question ?? '')).map((item) => item.answer));
    }
  });

  it('has events that lie within their clips', async () => {
    for (const [name, { events }] of clips) {
      const { format } = await parseFile(path.join(clipsFolder, name), { duration: true });
      expect(format, name).toMatchObject({ codec: 'Opus', numberOfChannels: 1 });
      expect(events.length, name).toBeGreaterThan(0);
      for (const { start, end, what } of events) {
        expect(what, name).not.toBe('');
        expect(start, name).toBeGreaterThanOrEqual(0);
        expect(end, name).toBeGreaterThan(start);
        expect(end, name).toBeLessThanOrEqual((format.duration ?? 0) + 0.03);
      }
      const sameClip = items.filter((item) => item.audio === name);
      expect(new Set(sameClip.map((item) => JSON.stringify(item.events))).size, name).toBe(1);
    }
  });

  it('ships every clip and no other, each attributed, in under 12 MB', () => {
    const files = readdirSync(clipsFolder);
    expect(files.sort()).toEqual([...clips.keys()].sort());
    const attribution = readFileSync(path.join(folder, 'ATTRIBUTION.md'), 'utf8');
    for (const name of files) {
      expect(attribution, name).toContain(`| ${name} |`);
    }
    const bytes = files.reduce((sum, name) => sum + statSync(path.join(clipsFolder, name)).size, 0);
    expect(bytes).toBeLessThan(12_000_000);
  });
});
