import type { Block } from './blocks.ts'

/** One line of an example, and where it stands. */
export interface ExampleLine {
  readonly text: string
  readonly file: string
  readonly line: number
}

/** A program that documents show: one block, behind those that it continues. */
export interface Example {
  /** Where its last block is, as `README.md:23`. */
  readonly place: string
  readonly code: readonly ExampleLine[]
  /** What it prints, as the document states it; undefined where it states nothing. */
  readonly printed: readonly string[] | undefined
  /** Whether it goes on for ever, and is ended once it has printed what is stated. */
  readonly isEndless: boolean
  /** Whether it drops events on purpose, and so warns of them on stderr. */
  readonly isDropping: boolean
  /** Why it is compiled and not run; undefined where it is. */
  readonly notRun: string | undefined
}

/** What the blocks of one file come to. */
export interface Reading {
  readonly examples: readonly Example[]
  /** What breaks the conventions of README.md in this folder, a sentence each. */
  readonly complaints: readonly string[]
}

/** Languages that are shown and not executed. */
const SHOWN = new Set(['text', 'sh', 'elixir', 'json'])
const MARKS = new Set(['continues', 'endless', 'drops'])

/** Puts the blocks of one file together into examples. */
export function examplesOf(blocks: readonly Block[]): Reading {
  const examples: Example[] = []
  const complaints: string[] = []
  for (const [index, block] of blocks.entries()) {
    const place = placeOf(block)
    const complain = (what: string): void => void complaints.push(`${place}: ${what}`)
    if (block.language !== 'ts') {
      if (!SHOWN.has(block.language) && !(block.isDocstring && block.language === '')) {
        complain(`expected a block in ts, ${[...SHOWN].join(', ')}, got '${block.language}'`)
      }
      if (MARKS.has(block.mark ?? '')) complain(`expected a ts block behind <!-- ${block.mark} -->`)
      continue
    }
    if (block.mark !== undefined && !MARKS.has(block.mark)) {
      complain(`expected one of ${[...MARKS].join(', ')} in the comment before a block, got '${block.mark}'`)
    }
    const former = block.mark === 'continues' ? examples.at(-1) : undefined
    if (block.mark === 'continues' && former === undefined) complain('continues a block that is not there')
    const example = exampleOf(block, blocks[index + 1], former)
    if (example.notRun === '') complain('expected a reason behind `// not run:`')
    if (former?.notRun !== undefined) complain('continues a block that is not run')
    if (example.isEndless && example.printed === undefined) {
      complain('is endless, and does not state what it prints: then nobody knows when it has shown what it should')
    }
    if (statesTwice(block, blocks[index + 1])) complain('states what it prints twice, by comments and by a text block')
    examples.push(example)
  }
  return { examples, complaints }
}

function exampleOf(block: Block, next: Block | undefined, former: Example | undefined): Example {
  const { file, line } = block
  const own = block.code.map((text, index) => ({ text, file, line: line + index }))
  const code = former === undefined ? own : [...former.code, ...own]
  const comments = code.flatMap(({ text }) => printsOf(text))
  return {
    place: placeOf(block),
    code,
    printed: textBehind(next)?.code ?? (comments.length > 0 ? comments : undefined),
    isEndless: block.mark === 'endless' || former?.isEndless === true,
    isDropping: block.mark === 'drops' || former?.isDropping === true,
    notRun: /^\/\/ not run:\s*(.*)$/.exec(block.code[0] ?? '')?.[1],
  }
}

/** The text block that states what the ts block before it prints. */
function textBehind(next: Block | undefined): Block | undefined {
  return next?.language === 'text' && next.followsBlock ? next : undefined
}

function statesTwice(block: Block, next: Block | undefined): boolean {
  return textBehind(next) !== undefined && block.code.some((text) => printsOf(text).length > 0)
}

function printsOf(line: string): string[] {
  const stated = /\/\/ prints: (.*)$/.exec(line)?.[1]
  return stated === undefined ? [] : [stated]
}

function placeOf({ file, line }: Block): string {
  return `${file}:${line}`
}

/**
 * What an output must look like that is stated like this: a line `…` stands for any lines, and elsewhere `…` for any
 * text within a line. Of an endless program only the beginning is looked at.
 */
export function outputPattern(printed: readonly string[], isEndless: boolean): RegExp {
  const lines = printed.map((line) =>
    line.trim() === '…' ? '(?:.*\\n)*?' : `${line.trimEnd().split('…').map(literally).join('.*')}[ \\t]*\\n`,
  )
  return new RegExp(`^${lines.join('')}${isEndless ? '' : '$'}`)
}

function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
