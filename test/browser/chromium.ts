import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/**
 * The program that is Chromium here: the value of `CHROMIUM_PATH`, or the first that is found in `PATH`.
 *
 * @returns `undefined` where there is none; then tests that need one are skipped.
 */
export function findChromium(): string | undefined {
  const { CHROMIUM_PATH, PATH = '' } = process.env
  if (CHROMIUM_PATH !== undefined && CHROMIUM_PATH !== '') return CHROMIUM_PATH
  const folders = [...PATH.split(delimiter).filter((folder) => folder !== ''), '/usr/bin']
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable)
}

/** Why tests are skipped that need a browser. */
export const NO_CHROMIUM = 'no Chromium was found: install one, or set CHROMIUM_PATH to its path'

/**
 * Starts a headless Chromium with a new, empty profile, which is deleted with it. The caller closes it.
 *
 * @returns `undefined` where there is none.
 */
export async function launchChromium(): Promise<Browser | undefined> {
  const executablePath = findChromium()
  if (executablePath === undefined) return undefined
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
  return chromium.launch({
    executablePath,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet],
  })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
