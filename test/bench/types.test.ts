import { expect, test } from 'vitest'
import { hasPeers, typeErrors } from '../../bench/build.ts'

const aMinute = { timeout: 60_000 }

test('the types of bench/ agree, but for what imports a peer', aMinute, () => {
  expect(typeErrors(false)).toEqual([])
})

// The peers are installed by `npm run bench`, which checks all types each time.
test.skipIf(!hasPeers())('and with those of the peers, where they are installed', aMinute, () => {
  expect(typeErrors(true)).toEqual([])
})
