/** A configuration file's text, one character for each byte (Node's "latin1"), so that every byte survives. */
export interface Source {
  readonly path: string;
  readonly text: string;
  /** Offset at which each line begins, in ascending order. */
  readonly lineStarts: readonly number[];
}

export function sourceOf(path: string, text: string): Source {
  const lineStarts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lineStarts.push(at + 1);
  return { path, text, lineStarts };
}

/** The text of line `line` (from 1), for people: `most` bytes, no line end, UTF-8 decoded if that is what it is. */
export function lineOf(source: Source, line: number, most = 400): string {
  const start = source.lineStarts[line - 1];
  if (start === undefined) return "";
  const end = source.lineStarts[line] ?? source.text.length + 1;
  return decodeUtf8(
    source.text
      .slice(start, Math.min(end - 1, start + most))
      .replace(/\r$/, "")
      .replaceAll("\0", "."),
  );
}

/** The bytes of a string whose characters are bytes. Characters beyond 255 (text that was decoded before) become UTF-8. */
export function bytesOf(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x100) bytes.push(code);
    else bytes.push(...encodeUtf8(code));
  }
  return Uint8Array.from(bytes);
}

function encodeUtf8(code: number): number[] {
  if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 63)];
  if (code < 0x10000) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
  return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
}

/** Byte characters read as UTF-8 where they are UTF-8; the others stay as they are. */
function decodeUtf8(text: string): string {
  return text.replace(/[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}/g, (sequence) => {
    const lead = sequence.charCodeAt(0);
    let code = lead & (0x7f >> sequence.length);
    for (let index = 1; index < sequence.length; index += 1) code = (code << 6) | (sequence.charCodeAt(index) & 63);
    return code <= 0x10ffff ? String.fromCodePoint(code) : sequence;
  });
}
