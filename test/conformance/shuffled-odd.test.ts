import { describeShuffled } from './shuffled.ts'

await describeShuffled(1)
