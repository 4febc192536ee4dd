import type { Block } from './blocks.ts'

/** One line of an example, and where it stands. */
export interface ExampleLine {
  readonly text: string
  readonly file: string
  readonly line: number
}

/** A program in the documents: one block, after the blocks that it continues. */
export interface Example {
  /** Where its last block is, as `README.md:23`. */
  readonly place: string
  readonly code: readonly ExampleLine[]
  /** Its output, as stated in the document; undefined if none is stated. */
  readonly printed: readonly string[] | undefined
  /** Whether it runs forever, and is ended once it has printed the stated output. */
  readonly isEndless: boolean
  /** Whether it drops events on purpose, and so writes warnings to stderr. */
  readonly isDropping: boolean
  /** Why it is compiled but not run; undefined if it is run. */
  readonly notRun: string | undefined
}

/** The examples in the blocks of one file. */
export interface Reading {
  readonly examples: readonly Example[]
  /** Violations of the conventions in README.md in this folder, one sentence each. */
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
      if (MARKS.has(block.mark ?? '')) complain(`expected a ts block after <!-- ${block.mark} -->`)
      continue
    }
    if (block.mark !== undefined && !MARKS.has(block.mark)) {
      complain(`expected one of ${[...MARKS].join(', ')} in the comment before a block, got '${block.mark}'`)
    }
    const former = block.mark === 'continues' ? examples.at(-1) : undefined
    if (block.mark === 'continues' && former === undefined) complain('continues a block that does not exist')
    const example = exampleOf(block, blocks[index + 1], former)
    if (example.notRun === '') complain('expected a reason after `// not run:`')
    if (former?.notRun !== undefined) complain('continues a block that is not run')
    if (example.isEndless && example.printed === undefined) {
      complain('is endless, and does not state what it prints: state the output after which it is ended')
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
 * The pattern for a stated output: a line `…` stands for any lines, and elsewhere `…` for any text within a line.
 * For an endless program, only the beginning is compared.
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
