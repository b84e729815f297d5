import { readdir, stat } from 'node:fs/promises';
import * as os from 'node:os';
import * as path from 'node:path';

/** Of a folder that is not whole yet, or not any more. No model is looked for in it. */
export const partialSuffix = '.part';

/** The folder that a person means: `~` is their home, as a shell has it. */
export function expandHome(folder: string): string {
  return /^~(?=$|[/\\])/.test(folder) ? path.join(os.homedir(), folder.slice(1)) : folder;
}

/** The packs of a folder of packs, by name; the folder itself where it is one. */
export async function packFolders(parent: string): Promise<string[]> {
  const folder = expandHome(parent);
  if (await hasPack(folder)) {
    return [folder];
  }
  const names = await readdir(folder).catch(() => []);
  const found: string[] = [];
  for (const name of names.filter((one) => !one.endsWith(partialSuffix)).sort()) {
    if (await hasPack(path.join(folder, name))) {
      found.push(path.join(folder, name));
    }
  }
  return found;
}

/** What a person should know about a folder of models that they named, or nothing. */
export async function modelFolderProblem(named: string): Promise<string | undefined> {
  const folder = expandHome(named);
  if (!path.isAbsolute(folder)) {
    return `The model folder "${named}" is not used: write its whole path, or begin it with ~.`;
  }
  const found = await stat(folder).catch(() => undefined);
  if (!found) {
    return `The model folder ${folder} does not exist.`;
  }
  if (!found.isDirectory()) {
    return `The model folder ${folder} is a file, not a folder.`;
  }
  return (await packFolders(folder)).length > 0 ? undefined : `The model folder ${folder} holds no model packs.`;
}

async function hasPack(folder: string): Promise<boolean> {
  return (await stat(path.join(folder, 'pack.json')).catch(() => undefined)) !== undefined;
}
