// characters that no one sees, but that terminals and readers of logs act on: control characters, separators of lines,
// marks that turn the direction of writing round; and halves of surrogate pairs, which no file can hold
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function asEscape(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const digits = code.toString(16);
  return SHORT[character] ?? (code < 0x100 ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`);
}

/**
 * Text on one line, as it is shown and logged: control characters are written as escapes, so that a name from a file
 * can neither begin a line of its own nor move the cursor of a terminal.
 *
 * ```ts
 * visible("sub-\u001b[2J1\n"); // "sub-\\x1b[2J1\\n"
 * ```
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, asEscape);
}

/** Whether a text has characters that would do something to a terminal or a log instead of being seen. */
export function hasControlCharacters(text: string): boolean {
  return visible(text) !== text;
}

/** {@link visible}, for text that has several lines on purpose: they stay, and so do tabs. */
export function visibleLines(text: string): string {
  return text.replace(UNSEEN, (character) =>
    character === "\n" || character === "\t" ? character : asEscape(character),
  );
}
