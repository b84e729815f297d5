import { createHash } from 'node:crypto';

export interface ReportAssets {
  /** dist/webview/<view>.js */
  readonly script: string;
  /** dist/webview/<view>.css */
  readonly style: string;
}

export interface ReportPage {
  /** For people: the browser's title. */
  readonly title: string;
  /** `data-view` of the body. */
  readonly view: string;
  /** JSON that the script finds in the element `report-data`. */
  readonly json: string;
}

/**
 * A report as one HTML file that opens from a disk, without a network, in any browser. The drawing code is the webview's
 * own. Its policy admits the one script by its hash and nothing from anywhere else: a caption or a file name can not run
 * or load anything.
 */
export function htmlPage({ title, view, json }: ReportPage, assets: ReportAssets): string {
  const script = assets.script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--');
  const hash = createHash('sha256').update(script).digest('base64');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Earmark">
<title>${escapeText(title)} – Earmark report</title>
<style>${assets.style.replaceAll('</style', '<\\/style')}</style>
</head>
<body data-view="${view}">
<main id="root"></main>
<script id="report-data" type="application/json">${embedJson(json)}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** JSON inside a script element must not hold `</script>` or `<!--`; `\u003c` is the same character to a JSON parser. */
export function embedJson(json: string): string {
  return json.replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
