/** Controls, format characters such as those that turn the direction of text, and separators of lines. */
const commands = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** A text without what a terminal takes for a command: names come from data, and the server may be any program. */
export function printable(text: string): string {
  return text.replace(commands, '�')
}

/** JSON that says the same and holds nothing that a terminal takes for a command. Its lines stay. */
export function printableJson(json: string): string {
  return json.replace(commands, (character) => {
    if (character === '\n') return character
    // Valid JSON has these between its values only, and everything else within strings only.
    if (character === '\r' || character === '\t') return ' '
    return [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join('')
  })
}
