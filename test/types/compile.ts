import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The project's own folder. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/** The compilers that users may have, each by the path of its command. */
export const compilers: readonly { readonly name: string; readonly path: string }[] = [
  { name: 'TypeScript 6', path: `${root}node_modules/typescript/bin/tsc6` },
  { name: 'TypeScript 7', path: `${root}node_modules/@typescript/native/bin/tsc` },
]

/** One error as a compiler prints it. */
export interface Diagnostic {
  /** Relative to the folder of the project that is compiled. */
  readonly file: string
  readonly line: number
  readonly column: number
  /** As `TS2345`. */
  readonly code: string
  /** The whole message, explanations included. */
  readonly message: string
}

/** Compiles the project of `folder`; returns its errors, and throws if the compiler prints anything else. */
export async function compile(compiler: string, folder: string, ...options: string[]): Promise<Diagnostic[]> {
  const printed = await new Promise<string>((resolve) => {
    execFile(
      process.execPath,
      [compiler, '--pretty', 'false', ...options],
      { cwd: folder, maxBuffer: 2 ** 26 },
      (_error, stdout, stderr) => resolve(stdout + stderr),
    )
  })
  const diagnostics: Diagnostic[] = []
  for (const line of printed.split(/\r?\n/)) {
    const place = /^(.+)\((\d+),(\d+)\): error (TS\d+): (.*)$/.exec(line)
    const last = diagnostics.at(-1)
    if (place !== null) {
      const [, file = '', row, column, code = '', message = ''] = place
      diagnostics.push({ file, line: Number(row), column: Number(column), code, message })
    } else if (last !== undefined && line.startsWith(' ')) {
      diagnostics[diagnostics.length - 1] = { ...last, message: `${last.message}\n${line}` }
    } else if (line !== '') {
      throw new Error(`expected nothing but errors in source files, got: ${printed}`)
    }
  }
  return diagnostics
}

/** A diagnostic as one would read it in a terminal. */
export function show({ file, line, column, code, message }: Diagnostic): string {
  return `${file}:${line}:${column} ${code}: ${message}`
}
