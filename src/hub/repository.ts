import { EarmarkError } from '../protocol/errors';

/** Where repositories are got from unless a person names a mirror. */
export const defaultEndpoint = 'https://huggingface.co';

/** A repository of a hub, and which state of it is wanted. */
export interface Repository {
  readonly owner: string;
  readonly name: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

/** The names that the hub allows; none of them can lead out of a folder or an address. */
const namePattern = /^(?!\.)(?!.*(?:--|\.\.))[\w.-]{1,96}(?<![.-])$/;
const revisionPattern = /^(?!\/)(?!.*(?:\.\.|\/\/|@\{))[\w./+-]{1,255}(?<!\/)$/;

/**
 * Reads `OWNER/NAME` or `OWNER/NAME@REVISION`. The address of the repository's page is taken too.
 *
 * @throws EarmarkError `settings-invalid`
 */
export function parseRepository(text: string, endpoint: URL): Repository {
  const trimmed = text.trim();
  const page = trimmed.startsWith(`${endpoint.origin}/`) ? trimmed.slice(endpoint.origin.length + 1) : trimmed;
  const [path = '', revision = 'main'] = page.split(/@(.*)/s, 2);
  const [owner = '', name = '', ...more] = path.replace(/\/$/, '').split('/');
  if (!namePattern.test(owner) || !namePattern.test(name) || more.length > 0 || !revisionPattern.test(revision)) {
    throw new EarmarkError(
      'settings-invalid',
      `"${trimmed}" does not name a repository.`,
      'Write OWNER/NAME, or OWNER/NAME@REVISION for a branch, a tag or a commit.',
    );
  }
  return { owner, name, revision };
}

/** @throws EarmarkError `settings-invalid` */
export function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new EarmarkError(
      'settings-invalid',
      `"${text}" is not the address of a hub.`,
      `Write a whole address, such as ${defaultEndpoint}.`,
    );
  }
  // Paths are added to it; a mirror may lie below a path of its own.
  url.pathname = url.pathname.replace(/\/*$/, '/');
  url.search = '';
  url.hash = '';
  return url;
}

export function repositoryName({ owner, name }: Pick<Repository, 'owner' | 'name'>): string {
  return `${owner}/${name}`;
}

/** The page of a repository, for people: the model card, and where a licence is accepted. */
export function repositoryPage(endpoint: URL, name: string, commit?: string): string {
  return new URL(commit === undefined ? name : `${name}/tree/${commit}`, endpoint).href;
}
