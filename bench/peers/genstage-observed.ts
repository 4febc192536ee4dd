import { observer } from 'genstage/snapshot'

export { runs } from './genstage.ts'

// As the live page does it: a snapshot every half second, and stages that time themselves.
const observed = observer()
process.once('exit', () => {
  if (observed.history.length < 2) throw new Error('nothing was observed')
})
