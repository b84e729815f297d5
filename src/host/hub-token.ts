import * as vscode from 'vscode';

/** The token of a hub, in the system's keychain. It belongs to the hub that it was given for, and goes to no other. */
export class HubToken {
  constructor(private readonly secrets: vscode.SecretStorage) {}

  async get(endpoint: URL): Promise<string | undefined> {
    return this.secrets.get(keyOf(endpoint));
  }

  /**
   * Asks the person for it; nothing entered forgets it.
   *
   * @returns false where they declined
   */
  async ask(endpoint: URL): Promise<boolean> {
    const entered = await vscode.window.showInputBox({
      title: `Token for ${endpoint.host}`,
      prompt: 'An access token with the right to read. Empty: the token is forgotten.',
      password: true,
      ignoreFocusOut: true,
    });
    if (entered === undefined) {
      return false;
    }
    if (entered.trim() === '') {
      await this.secrets.delete(keyOf(endpoint));
    } else {
      await this.secrets.store(keyOf(endpoint), entered.trim());
    }
    return true;
  }
}

function keyOf(endpoint: URL): string {
  return `earmark.hubToken:${endpoint.origin}`;
}
