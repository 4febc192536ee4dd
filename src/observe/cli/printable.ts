/** Control characters, format characters such as those that change the direction of text, and line separators. */
const commands = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Replaces all that a terminal could take for a command: names come from data, and the server may be any program. */
export function printable(text: string): string {
  return text.replace(commands, '�')
}

/** Escapes all that a terminal could take for a command in JSON, without changing its value or its lines. */
export function printableJson(json: string): string {
  return json.replace(commands, (character) => {
    if (character === '\n') return character
    // Valid JSON has these only between values, and all others only in strings.
    if (character === '\r' || character === '\t') return ' '
    return [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join('')
  })
}
