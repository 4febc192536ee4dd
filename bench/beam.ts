import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { folderWith } from './arguments.ts'

/** An Elixir, and GenStage compiled for it. */
export interface Beam {
  readonly elixir: string
  /** The folder of its compiled modules. */
  readonly modules: string
  /** The `PATH` with which it finds the `erl` beside it. */
  readonly path: string
  readonly versions: Readonly<Record<string, string>>
}

/**
 * Looks at what was given by `--beam` and `--elixir`.
 *
 * @throws {Error} If there is no GenStage in the one, or the other does not run.
 */
export function findBeam(modules: string, elixir = 'elixir'): Beam {
  const folder = folderWith('Elixir.GenStage.beam', modules, '--beam', "the folder of GenStage's compiled modules")
  const inPath = process.env.PATH ?? ''
  const path = elixir === 'elixir' ? inPath : `${dirname(resolve(elixir))}${delimiter}${inPath}`
  const [otp = 'unknown', version = 'unknown'] = askVersions(elixir, path)
  return { elixir, modules: folder, path, versions: { otp, elixir: version, gen_stage: versionOf(folder) } }
}

function askVersions(elixir: string, path: string): (string | undefined)[] {
  try {
    const text = execFileSync(elixir, ['--version'], {
      encoding: 'utf8',
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return [/OTP (\S+)/.exec(text)?.[1], /^Elixir (\S+)/m.exec(text)?.[1]]
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new Error(`expected --elixir to be a program that runs (without it, the elixir in PATH), got: ${reason}`)
  }
}

/** As a build by `mix` says it, or the project around it. */
function versionOf(modules: string): string {
  const app = join(modules, 'gen_stage.app')
  const mix = join(modules, '..', 'mix.exs')
  if (existsSync(app)) return /\{vsn,\s*"([^"]+)"/.exec(readFileSync(app, 'utf8'))?.[1] ?? 'unknown'
  return existsSync(mix) ? (/@version "([^"]+)"/.exec(readFileSync(mix, 'utf8'))?.[1] ?? 'unknown') : 'unknown'
}
