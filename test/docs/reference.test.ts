import { expect, test } from 'vitest'
import {
  referencePage,
  referencePath,
  tablesShown,
  telemetryPage,
  telemetryPath,
} from '../../scripts/write-reference.ts'
import { documentText, sources } from './documents.ts'

test('the page of options matches the tables; `npm run docs` writes it', () => {
  expect(documentText(referencePath)).toBe(referencePage())
})

test('the page of telemetry matches telemetryEvents; `npm run docs` writes it', () => {
  expect(documentText(telemetryPath)).toBe(telemetryPage())
})

test('every option table of the library is on it; scripts/write-reference.ts lists them', () => {
  const exported = sources.flatMap(({ text }) =>
    [...text.matchAll(/^export const (\w+):\s*OptionTable</gm)].map(([, name = '']) => name),
  )
  expect([...tablesShown].sort()).toEqual(exported.sort())
})
