import * as vscode from 'vscode';
import { parseComparisonQuery } from '../protocol/comparison';
import { audioExtensions } from './audio-files';
import type { ComparisonPanels } from './comparison-panel';
import type { SoundViews } from './sound-views';

const extensionId = 'earmark.earmark';
const path = '/compare';

/**
 * `vscode://earmark.earmark/compare?…`, with the scheme of the product that runs. VS Code decodes a link's query before
 * it hands it over, so the query is encoded once more.
 */
export function settingsLink(query: string): string {
  return `${vscode.env.uriScheme}://${extensionId}${path}?${encodeURIComponent(query)}`;
}

/**
 * Opens a comparison with the settings of a link, for the sound that is open or one that the person chooses. Anyone can
 * write a link: it names no file, what it says is checked, and nothing runs before the person says so.
 */
export function registerSettingsLinks(views: SoundViews, comparisons: ComparisonPanels): vscode.Disposable {
  return vscode.window.registerUriHandler({
    async handleUri(uri) {
      if (uri.path !== path) {
        void vscode.window.showWarningMessage('Earmark: this link is not one that Earmark knows.');
        return;
      }
      const sound = comparisons.active?.sound.uri ?? views.active?.sound.uri ?? (await chooseSound());
      if (sound) {
        comparisons.show(sound).compare(parseComparisonQuery(uri.query));
      }
    },
  });
}

async function chooseSound(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: 'The sound to compare strategies on',
    openLabel: 'Compare',
    filters: { 'Audio': audioExtensions, 'All files': ['*'] },
  });
  return chosen?.[0];
}
