import { apiPage } from './api-page.ts'
import { apiFolder, entryPoints, errorsPath, indexPath } from './entry-points.ts'
import { errorsPage } from './errors-page.ts'
import { indexPage, overviewPage } from './index-pages.ts'
import { readPublicApi } from './public-api.ts'

/** All pages that are generated from the docstrings, by their paths relative to the project's root. */
export function apiPages(): [path: string, text: string][] {
  const api = readPublicApi()
  return [
    [errorsPath, errorsPage(api)],
    [`${apiFolder}/README.md`, overviewPage(api)],
    ...entryPoints.map((entry): [string, string] => [indexPath(entry), indexPage(entry, api)]),
    ...api.symbols.map((symbol): [string, string] => [symbol.page, apiPage(symbol, api)]),
  ]
}
