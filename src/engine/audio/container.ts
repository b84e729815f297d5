import { id3Bytes } from './mp3';
import { mp3Header } from './mp3-header';

/** What a file is by its first bytes, whatever its name. `ffmpeg`: a sound that only ffmpeg reads, in words. */
export type Container =
  | { readonly kind: 'wav' | 'aiff' | 'mp3' | 'flac' | 'vorbis' | 'opus' }
  | { readonly kind: 'ffmpeg'; readonly words: string }
  | { readonly kind: 'unknown' };

/** How much of a file `containerOf` looks at, after ID3 tags. */
export const containerBytes = 8192;

/** @param bytes the first of the file, after any ID3v2 tag; `tagged`: whether there was one */
export function containerOf(bytes: Uint8Array, tagged: boolean): Container {
  const text = (start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString('latin1');
  const four = text(0, 4);
  if ((four === 'RIFF' || four === 'RF64' || four === 'BW64') && text(8, 12) === 'WAVE') {
    return { kind: 'wav' };
  }
  if (four === 'FORM' && (text(8, 12) === 'AIFF' || text(8, 12) === 'AIFC')) {
    return { kind: 'aiff' };
  }
  if (four === 'fLaC') {
    return { kind: 'flac' };
  }
  if (four === 'OggS') {
    return oggContainer(text(27, 512));
  }
  const words = foreignWords(bytes, text);
  if (words !== undefined) {
    return { kind: 'ffmpeg', words };
  }
  return tagged || hasMp3Frames(bytes) ? { kind: 'mp3' } : { kind: 'unknown' };
}

/** Length of the ID3v2 tag at the beginning of `bytes`, 0 where there is none. */
export const tagBytes = id3Bytes;

/** @param start of the first page, from its segment table on */
function oggContainer(start: string): Container {
  const codecs = [
    ['\x01vorbis', 'vorbis'],
    ['OpusHead', 'opus'],
    ['\x7fFLAC', 'flac'],
  ] as const;
  const found = codecs.find(([magic]) => start.includes(magic));
  return found ? { kind: found[1] } : { kind: 'ffmpeg', words: 'Ogg with another codec' };
}

function foreignWords(bytes: Uint8Array, text: (start: number, end: number) => string): string | undefined {
  const four = text(0, 4);
  const brand = text(8, 11);
  if (text(4, 8) === 'ftyp') {
    return brand === 'M4A' || brand === 'M4B' ? 'M4A (AAC)' : brand === 'qt ' ? 'QuickTime' : 'MP4';
  }
  // ADTS: twelve bits of ones, layer 0.
  if (bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xf6) === 0xf0) {
    return 'AAC';
  }
  if (bytes[0] === 0x1a && bytes[1] === 0x45 && bytes[2] === 0xdf && bytes[3] === 0xa3) {
    return text(0, 64).includes('webm') ? 'WebM' : 'Matroska';
  }
  if (bytes[0] === 0x30 && bytes[1] === 0x26 && bytes[2] === 0xb2 && bytes[3] === 0x75) {
    return 'Windows Media';
  }
  if (bytes[0] === 0x0b && bytes[1] === 0x77) {
    return 'AC-3';
  }
  const magics: Record<string, string> = {
    '#!AM': 'AMR',
    'caff': 'Core Audio',
    '.snd': 'AU',
    'wvpk': 'WavPack',
    'MAC ': "Monkey's Audio",
    'DSD ': 'DSD',
    'TTA1': 'True Audio',
    'riff': 'Wave64',
    'FLV\x01': 'Flash video',
    'RIFX': 'big-endian WAV',
  };
  return four === 'RIFF' && text(8, 11) === 'AVI' ? 'AVI' : magics[four];
}

/** Whether two MPEG frames follow each other somewhere in the beginning. */
function hasMp3Frames(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(0xff); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const header = mp3Header(bytes, at);
    const next = header && mp3Header(bytes, at + header.bytes);
    if (header && next?.layer === header.layer && next.sampleRate === header.sampleRate) {
      return true;
    }
  }
  return false;
}
