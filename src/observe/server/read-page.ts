/** The placeholder of the nonce in the page. */
const NONCE_PLACEHOLDER = '{{nonce}}'

/**
 * Reads the live page and inserts the nonce that permits its scripts and styles.
 *
 * The page is a module, so that bundlers include it. It is loaded when the page is first opened. Rejects if the page was
 * not built.
 */
export async function readPage(nonce: string): Promise<string> {
  const { page } = await import('#page').catch((error: unknown) => {
    throw new Error('the live page was not built: run npm run build:page', { cause: error })
  })
  return page.replaceAll(NONCE_PLACEHOLDER, nonce)
}
