/** What stands in the page where each reply has a number of its own. */
const PLACE_OF_NONCE = '{{nonce}}'

/**
 * The page, whose own scripts and styles are allowed by this number.
 *
 * It is a module like any other, so that it is in every bundle that this file is in; loaded when the page is first opened.
 *
 * Rejects where it was not built.
 */
export async function readPage(nonce: string): Promise<string> {
  const { page } = await import('#page').catch((error: unknown) => {
    throw new Error('the page is not there: npm run build:page makes it', { cause: error })
  })
  return page.replaceAll(PLACE_OF_NONCE, nonce)
}
