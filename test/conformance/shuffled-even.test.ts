import { describeShuffled } from './shuffled.ts'

await describeShuffled(0)
