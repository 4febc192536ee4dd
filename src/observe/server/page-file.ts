import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

// As far from here in `src/` as in `dist/`.
const path = fileURLToPath(new URL('../../../dist/observe/page.html', import.meta.url))

/** What stands in the page where each answer has a number of its own. */
const PLACE_OF_NONCE = '{{nonce}}'

/**
 * The page, whose own scripts and styles are allowed by this number.
 *
 * Rejects where it was not built.
 */
export async function readPage(nonce: string): Promise<string> {
  const page = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new Error('the page is not there: npm run build:page makes it', { cause: error })
  })
  return page.replaceAll(PLACE_OF_NONCE, nonce)
}
