/** A fenced block of a document, or of a docstring. */
export interface Block {
  /** Relative to the project's root. */
  readonly file: string
  /** The line of its first line of code, counted from 1. */
  readonly line: number
  /** The language after the fence, such as `ts`; empty if there is none. */
  readonly language: string
  /** The comment on the line before the block, such as `endless`; undefined if there is none. */
  readonly mark: string | undefined
  readonly code: readonly string[]
  /** Whether there are only blank lines between this block and the previous one. */
  readonly followsBlock: boolean
  /** Whether it is in a comment of the sources. */
  readonly isDocstring: boolean
}

interface Line {
  readonly text: string
  readonly number: number
}

/** Reads the blocks of a document in Markdown. */
export function blocksOfMarkdown(file: string, text: string): Block[] {
  return readBlocks(
    file,
    text.split('\n').map((line, index) => ({ text: line, number: index + 1 })),
    false,
  )
}

/** Reads the blocks of all docstrings in a file of the sources. */
export function blocksOfDocstrings(file: string, text: string): Block[] {
  return [...text.matchAll(/^[ \t]*\/\*\*[\s\S]*?\*\//gm)].flatMap(({ 0: comment, index }) => {
    const first = text.slice(0, index).split('\n').length
    const lines = comment.split('\n').map((line, offset) => ({
      text: line.replace(/^\s*(\/\*\*|\*\/|\*) ?/, '').replace(/\s*\*\/$/, ''),
      number: first + offset,
    }))
    return readBlocks(file, lines, true)
  })
}

function readBlocks(file: string, lines: readonly Line[], isDocstring: boolean): Block[] {
  const blocks: Block[] = []
  let fence: { readonly indent: string; readonly language: string; readonly line: number } | undefined
  let code: string[] = []
  let lastText = ''
  let followsBlock = false
  for (const { text, number } of lines) {
    const [, indent = '', info] = /^(\s*)```(.*)$/.exec(text) ?? []
    if (fence === undefined) {
      if (info !== undefined) {
        fence = { indent, language: info.trim(), line: number + 1 }
        code = []
      } else if (text.trim() !== '') {
        lastText = text.trim()
        followsBlock = false
      }
    } else if (info?.trim() === '') {
      const { language, line } = fence
      const mark = /^<!--\s*(.*?)\s*-->$/.exec(lastText)?.[1]
      blocks.push({ file, line, language, mark, code, followsBlock, isDocstring })
      fence = undefined
      lastText = ''
      followsBlock = true
    } else {
      code.push(text.startsWith(fence.indent) ? text.slice(fence.indent.length) : text.trimStart())
    }
  }
  if (fence !== undefined) throw new Error(`${file}:${fence.line}: expected the block that begins here to be closed`)
  return blocks
}
