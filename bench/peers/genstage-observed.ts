import { observer } from 'genstage/snapshot'

export { runs } from './genstage.ts'

// As the live page does it: a snapshot every half second, and stages that time themselves.
const observed = observer()
process.once('exit', () => {
  // The run that proves it right is over before the second one.
  if (performance.now() > 1_500 && observed.history.length < 2) throw new Error('nothing was observed')
})
