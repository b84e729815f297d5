/** Devices of Windows, which it finds in any folder and with any extension. */
const devices = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

const forbidden = /[\\:*?"<>|\u0000-\u001f]/;

/**
 * Whether a name is that of a file below a folder. Names of a model's files come from others, so that a name which leads
 * out of the folder, or means something else on some system, is refused on all of them.
 */
export function isSafeName(name: string): boolean {
  const parts = name.split('/');
  return (
    name.length <= 512 &&
    parts.every((part) => part !== '' && !/[. ]$/.test(part) && !devices.test(part) && !forbidden.test(part))
  );
}
