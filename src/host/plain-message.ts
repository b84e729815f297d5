/** VS Code makes links of `[words](address)` in its messages, of commands too; what a file says must not become one. */
export function plainMessage(text: string): string {
  return text.replaceAll('](', '] (');
}
