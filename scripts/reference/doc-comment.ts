import ts from 'typescript'

/** A tag of a docstring, as `@param`. */
export interface DocTag {
  readonly tag: string
  /** What follows the tag, in Markdown. */
  readonly text: string
}

/** A docstring: the text before its first tag, and its tags. */
export interface DocComment {
  readonly description: string
  readonly tags: readonly DocTag[]
}

/** Reads the docstring of a declaration. Without a docstring, the description is empty. */
export function docCommentOf(node: ts.Node): DocComment {
  const comment = ts.getJSDocCommentsAndTags(node).findLast(ts.isJSDoc)
  return comment === undefined ? { description: '', tags: [] } : parseDocComment(comment.getText())
}

/** Parses a comment, from its opening to its closing mark. */
export function parseDocComment(comment: string): DocComment {
  const lines = comment
    .replace(/^\/\*\*/, '')
    .replace(/\s*\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
  const parts: { tag: string; lines: string[] }[] = [{ tag: '', lines: [] }]
  let isFenced = false
  for (const line of lines) {
    if (line.trim().startsWith('```')) isFenced = !isFenced
    const [, tag, rest = ''] = isFenced ? [] : (/^\s*@(\w+)\s*(.*)$/.exec(line) ?? [])
    if (tag === undefined) parts.at(-1)?.lines.push(line)
    else parts.push({ tag, lines: [rest] })
  }
  const [description, ...tags] = parts.map((part) => ({ tag: part.tag, text: reflow(part.lines) }))
  return { description: description?.text ?? '', tags }
}

/** The tags of one kind, in order. */
export function tagsOf({ tags }: DocComment, tag: string): string[] {
  return tags.filter((each) => each.tag === tag).map(({ text }) => text)
}

/** The first sentence of a text, which must make sense on its own. */
export function firstSentence(text: string): string {
  const paragraph = text.split(/\n\n|\n(?=- |```)/, 1)[0] ?? ''
  return /^.*?[.!?](?=\s+[A-Z`'({[]|$)/s.exec(paragraph)?.[0] ?? paragraph
}

/** Puts each paragraph and each list item on one line; fenced blocks are not changed. */
function reflow(lines: readonly string[]): string {
  const out: string[] = []
  let isFenced = false
  for (const line of lines) {
    const isFence = line.trim().startsWith('```')
    const begins = /^\s*([-*] |\d+\. |[|>#]|```)|^\s*$/.test(line)
    const last = out.at(-1)
    const canJoin = last !== undefined && last.trim() !== '' && !last.trim().startsWith('```')
    // A picture is shown as text: without a language, some renderers guess one.
    if (isFence) out.push(!isFenced && line.trim() === '```' ? `${line.trimEnd()}text` : line)
    else if (isFenced || begins || !canJoin) out.push(line.trimEnd())
    else out[out.length - 1] = `${last} ${line.trim()}`
    if (isFence) isFenced = !isFenced
  }
  return out.join('\n').trim()
}
