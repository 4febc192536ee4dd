import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { anywhereRules } from './tidy/planted/anywhere.ts'
import { entryRules } from './tidy/planted/entries.ts'
import { formRules } from './tidy/planted/form.ts'
import type { Planted } from './tidy/planted/house.ts'
import { layerRules } from './tidy/planted/layers.ts'
import { nameRules } from './tidy/planted/names.ts'
import { wordRules } from './tidy/planted/words.ts'
import { type ProjectFile, readProject } from './tidy/project-file.ts'

const project = readProject(fileURLToPath(new URL('..', import.meta.url)))

const plant = (files: Planted): ProjectFile[] => Object.entries(files).map(([path, text]) => ({ path, text }))

test('the project is read whole', () => {
  const paths = project.map(({ path }) => path)
  expect(paths).toEqual(expect.arrayContaining(['package.json', 'src/index.ts', 'test/tidy.test.ts', '.ci/run']))
  expect(paths.filter((path) => path.includes('node_modules'))).toEqual([])
})

describe.each([...layerRules, ...formRules, ...nameRules, ...wordRules, ...anywhereRules, ...entryRules])(
  '$title',
  ({ rule, refused, allowed }) => {
    test('in the project', () => {
      expect(rule(project)).toEqual([])
    })

    test.each(refused)('or the message is: $message', ({ files, message }) => {
      expect(rule(plant(files))).toEqual([expect.stringContaining(message)])
    })

    test('and what only comes close is let pass', () => {
      expect(rule(plant(allowed))).toEqual([])
    })
  },
)
