import { expect } from 'vitest';
import type { ElementHandle, Frame, Locator, Page } from 'playwright-core';

/** As the theme picker calls them. */
export const themes = {
  light: { label: 'Light Modern', className: 'vs' },
  dark: { label: 'Dark Modern', className: 'vs-dark' },
  highContrast: { label: 'Dark High Contrast', className: 'hc-black' },
} as const;
export type ThemeName = keyof typeof themes;

export type ViewName = 'editor' | 'attention' | 'comparison' | 'evaluation';

/** VS Code's window, driven as a person drives it. */
export class Workbench {
  constructor(readonly page: Page) {}

  /** Until the window stands and the extension's commands are there; files opened before that miss our editor. */
  async untilReady(): Promise<void> {
    await this.page.locator('.monaco-workbench').waitFor({ timeout: 60_000 });
    await this.page.locator('.statusbar-item').first().waitFor({ timeout: 60_000 });
    for (const end = Date.now() + 60_000; Date.now() < end;) {
      // A window that is still coming up can miss the key, or close the palette again.
      const found = await this.openPalette('>Earmark: ')
        .then(() => this.rows().filter({ hasText: 'Earmark:' }).first().waitFor({ timeout: 3000 }))
        .then(yes, no);
      await this.page.keyboard.press('Escape');
      await this.quickInput().waitFor({ state: 'hidden' });
      if (found) {
        return;
      }
    }
    throw new Error('The commands of Earmark did not appear in the palette within 60 s.');
  }

  /** Chooses from the menu of a file in the Explorer. A menu that has just opened takes no click yet: until it closes. */
  async chooseInExplorer(name: string | RegExp, command: string): Promise<void> {
    await this.page.getByRole('treeitem', { name }).click({ button: 'right' });
    const item = this.page.getByRole('menuitem', { name: command });
    await item.waitFor();
    const left = async (): Promise<number> => {
      await item.click({ timeout: 1000 }).catch(() => undefined);
      return item.count();
    };
    await expect.poll(left, { interval: 500, timeout: 20_000 }).toBe(0);
  }

  /** Runs a command by its whole title, category included. */
  async runCommand(title: string): Promise<void> {
    await this.choose(`>${title}`, this.rowNamed(title));
  }

  /** The titles that the palette offers for what is typed. */
  async commandTitles(typed: string): Promise<string[]> {
    await this.openPalette(`>${typed}`);
    await this.rows().first().waitFor({ timeout: 10_000 });
    const titles = await this.rows().evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label') ?? ''));
    await this.page.keyboard.press('Escape');
    return titles.map((title) => title.split(',')[0] ?? '');
  }

  /** Picks the row with this label in the list that is open. */
  async pick(label: string): Promise<void> {
    await this.rows().first().waitFor({ timeout: 10_000 });
    await this.input().fill(label);
    await this.rowNamed(label).click({ timeout: 10_000 });
  }

  /** Opens a file of the workspace by name, in whatever editor VS Code takes for it. */
  async quickOpen(name: string): Promise<void> {
    await this.choose(name, this.rows().filter({ hasText: name }).first());
    await this.tab(name).waitFor({ timeout: 15_000 });
  }

  /** Opens a file in Earmark's editor, whatever is the default for its kind. */
  async openInEarmark(name: string): Promise<void> {
    await this.quickOpen(name);
    await this.runCommand('Earmark: Open with Earmark');
  }

  tab(name: string): Locator {
    return this.page.locator('.tabs-container .tab').filter({ hasText: name }).first();
  }

  async closeEditors(): Promise<void> {
    await this.runCommand('View: Close All Editors');
    await this.page.locator('.tabs-container .tab').first().waitFor({ state: 'detached' });
  }

  notification(text: string | RegExp): Locator {
    return this.page.locator('.notification-list-item').filter({ hasText: text }).first();
  }

  async clearNotifications(): Promise<void> {
    await this.runCommand('Notifications: Clear All Notifications');
  }

  /**
   * The inner frame of one of Earmark's webviews. VS Code nests each in two frames and keeps hidden ones; ours say in
   * their body which view they are.
   */
  async view(name: ViewName, { timeoutMs = 30_000 } = {}): Promise<Frame> {
    for (const end = Date.now() + timeoutMs; Date.now() < end;) {
      for (const frame of this.page.frames()) {
        if (await isView(frame, name)) {
          return frame;
        }
      }
      await this.page.waitForTimeout(200);
    }
    throw new Error(`No visible webview "${name}" within ${String(timeoutMs / 1000)} s.`);
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.untilReady();
  }

  /** Chooses the colour theme as a person does; VS Code in a browser does not watch its settings file. */
  async setTheme(theme: ThemeName): Promise<void> {
    const { label, className } = themes[theme];
    await this.runCommand('Preferences: Color Theme');
    await this.pick(label);
    await this.page.locator(`.monaco-workbench.${className}`).waitFor({ timeout: 15_000 });
    // Webviews are told a moment later, and draw after that.
    await this.page.waitForTimeout(1500);
  }

  /** Types into the palette and takes a row. An editor that opens at this moment can close the palette: try again. */
  private async choose(typed: string, row: Locator): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.openPalette(typed);
        await row.click({ timeout: 4000 });
        return;
      } catch (error) {
        if (attempt === 5) {
          throw new Error(`The palette did not offer what "${typed}" should find.`, { cause: error });
        }
      }
    }
  }

  private async openPalette(typed: string): Promise<void> {
    // Keys go to the window, not to the webview that may have the focus.
    await this.page.evaluate(() => {
      if (document.activeElement instanceof HTMLElement) {
        document.activeElement.blur();
      }
    });
    await this.page.keyboard.press('Escape');
    await this.page.keyboard.press('F1');
    await this.input().fill(typed, { timeout: 4000 });
  }

  private quickInput(): Locator {
    return this.page.locator('.quick-input-widget');
  }

  private input(): Locator {
    return this.quickInput().locator('input:not([type="checkbox"])').first();
  }

  private rows(): Locator {
    return this.quickInput().locator('.monaco-list-row');
  }

  private rowNamed(title: string): Locator {
    // The label may go on with a key binding or "recently used".
    return this.rows()
      .and(this.page.locator(`[aria-label^="${title}"]`))
      .first();
  }
}

const yes = (): boolean => true;
const no = (): boolean => false;

async function isView(frame: Frame, name: ViewName): Promise<boolean> {
  try {
    if ((await frame.locator(`body[data-view="${name}"]`).count()) === 0) {
      return false;
    }
    // A hidden tab keeps its page; VS Code hides the outer of the two frames.
    const inner: ElementHandle = await frame.frameElement();
    const outer = await frame.parentFrame()?.frameElement();
    return (await inner.isVisible()) && (await outer?.isVisible()) !== false;
  } catch {
    // The frame went away while it was asked.
    return false;
  }
}
