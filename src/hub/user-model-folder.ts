import * as os from 'node:os';
import * as path from 'node:path';

/**
 * Where the command line keeps models: the folder that the system has for a person's data. On Linux
 * https://specifications.freedesktop.org/basedir-spec, whose relative paths are to be passed over.
 */
export function userModelFolder(environment: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  return path.join(dataFolder(environment, platform), 'earmark', 'models');
}

function dataFolder({ XDG_DATA_HOME, LOCALAPPDATA }: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  switch (platform) {
    case 'win32':
      return LOCALAPPDATA ?? path.join(os.homedir(), 'AppData', 'Local');
    case 'darwin':
      return path.join(os.homedir(), 'Library', 'Application Support');
    default:
      return XDG_DATA_HOME !== undefined && path.isAbsolute(XDG_DATA_HOME)
        ? XDG_DATA_HOME
        : path.join(os.homedir(), '.local', 'share');
  }
}
