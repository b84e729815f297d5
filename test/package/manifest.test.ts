import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from '../../scripts/cache-folder.mjs';
import { audioExtensions } from '../../src/host/audio-files';
import { mostNewTokens } from '../../src/protocol/run';
import { strategies } from '../../src/pruning/registry';

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly customEditors: readonly { readonly selector: readonly { readonly filenamePattern: string }[] }[];
    readonly configuration: {
      readonly properties: Readonly<Record<string, { readonly enum?: readonly string[]; readonly maximum?: number }>>;
    };
    readonly menus: Readonly<Record<string, readonly { readonly when?: string }[]>>;
  };
}

const read = (file: string): string => readFileSync(path.join(repository, file), 'utf8');
const { contributes } = JSON.parse(read('package.json')) as Manifest;
const words = JSON.parse(read('package.nls.json')) as Readonly<Record<string, string>>;
const settings = contributes.configuration.properties;

describe('the manifest', () => {
  it('offers the strategies of the registry', () => {
    expect(settings['earmark.strategy']!.enum).toEqual(strategies.map(({ name }) => name));
  });

  it('sets the limits that the code has', () => {
    expect(settings['earmark.maxNewTokens']!.maximum).toBe(mostNewTokens);
  });

  it('offers the editor for the same files everywhere', () => {
    const patterns = contributes.customEditors[0]!.selector.map(({ filenamePattern }) => filenamePattern);
    const plain = patterns.map((pattern) => pattern.replace(/\[(.)[^\]]*\]/g, '$1').replace('*.', ''));
    expect(plain).toEqual(audioExtensions);
    const lists = Object.values(contributes.menus)
      .flat()
      .flatMap(({ when = '' }) => /\\\.\(([^)]*)\)\$/.exec(when)?.[1] ?? []);
    expect(lists.length).toBeGreaterThan(3);
    lists.forEach((list) => {
      expect(list.split('|')).toEqual(audioExtensions);
    });
  });

  it('has words for everything, and the README describes every command and setting', () => {
    const readme = read('README.md');
    const keys = [...read('package.json').matchAll(/"%([^"%]+)%"/g)].map(([, key]) => key!);
    expect(keys.filter((key) => !words[key])).toEqual([]);
    const titles = contributes.commands.map(({ title }) => words[title.slice(1, -1)]!);
    expect(titles.filter((title) => !readme.includes(`**${title}**`))).toEqual([]);
    expect(Object.keys(settings).filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
  });

  it('lists the strategies in the README as the registry describes them', () => {
    const section = read('README.md')
      .split('\n## ')
      .find((each) => each.startsWith('Strategies\n'));
    const rows = [...section!.matchAll(/^\| `(\S+)` +\| (.*?) +\| (.*?) +\|$/gm)].map((row) => row.slice(1));
    expect(rows).toEqual(
      strategies.map(({ name, description, published }) => [name, description, published ?? 'Earmark']),
    );
  });
});
