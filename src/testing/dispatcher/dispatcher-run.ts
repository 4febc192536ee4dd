import { type SeededRandom, seededRandom } from '../seeded-random.ts'
import { ContractViolation } from './contract-violation.ts'
import { SimulatedStage } from './simulated-stage.ts'
import type { ValidContract } from './valid-contract.ts'

/** How many steps a run has before its end, at which all subscribers ask for more than there is. */
const STEPS = 80
/** Most asks, and all batches, are for no more than this. */
const FEW = 12
/** What is asked for now and then. */
const MANY = 1_000
/** More than there can be in a run. */
const PLENTY = 1_000_000
/** How many of the last calls a message lists. */
const LISTED_CALLS = 20

/** One random sequence of calls to a dispatcher, as a stage with several subscribers makes them. */
export class DispatcherRun {
  private readonly contract: ValidContract
  private readonly seed: number
  private readonly random: SeededRandom

  constructor(contract: ValidContract, seed: number) {
    this.contract = contract
    this.seed = seed
    this.random = seededRandom(seed)
  }

  /** Runs the sequence; returns the first violation of the contract, if any. */
  run(): ContractViolation | undefined {
    let stage: SimulatedStage | undefined
    try {
      stage = new SimulatedStage(this.contract, this.random)
      for (let step = 0; step < STEPS; step++) {
        stage.askReturned()
        this.takeStep(stage)
        stage.balance(false)
      }
      this.askForEverything(stage)
      this.replaceSubscribers(stage)
      return undefined
    } catch (error) {
      if (!(error instanceof ContractViolation)) throw error
      const calls = (stage?.history ?? ['make']).slice(-LISTED_CALLS).join(', ')
      return new ContractViolation(error.rule, `${error.message} (in run ${this.seed}, at the end of: ${calls})`)
    }
  }

  private takeStep(stage: SimulatedStage): void {
    const { random } = this
    const members = [...stage.ledger.members.values()]
    const choice = random.below(16)
    if (choice < 3 || members.length === 0) stage.subscribe()
    else if (choice < 9) stage.ask(random.pick(members), random.below(20) === 0 ? MANY : 1 + random.below(FEW))
    else if (choice < 14) stage.emit(1 + random.below(FEW))
    else if (choice < 15) stage.info()
    // The order of what comes after dropped events cannot be checked, so half of the runs have no cancellations.
    else if (this.seed % 2 === 0) stage.cancel(random.pick(members))
  }

  /** All subscribers ask for more than there is: then all events must be sent. */
  private askForEverything(stage: SimulatedStage): void {
    const { ledger } = stage
    stage.emits = false
    for (let place = 0; place < this.contract.subscribers; place++) stage.subscribe()
    if (ledger.members.size === 0) {
      throw new TypeError('expected options that the dispatcher accepts from at least one subscriber: it refused all')
    }
    const before = stage.addedUpstream
    for (const member of ledger.members.values()) stage.ask(member, PLENTY)
    stage.settle()
    // With `openDemand` the numbers that it returns are not used.
    if (stage.addedUpstream === before && !((stage.openDemand() ?? 0) > 0)) {
      throw new ContractViolation('demand', `it returned no demand when all subscribers had asked for ${PLENTY} more`)
    }
    stage.emit(FEW)
    stage.settle()
    if (stage.buffer.length > 0) {
      throw new ContractViolation(
        'due',
        `it left over ${stage.buffer.length} events that all subscribers had asked for`,
      )
    }
    if (!this.contract.broadcast && ledger.queued > 0) {
      throw new ContractViolation(
        'due',
        `it has ${ledger.queued} events queued that all subscribers had asked for, or that are for a missing subscriber`,
      )
    }
    stage.balance(true)
    if (stage.infos.size > 0)
      throw new ContractViolation('info', `it never returned ${stage.infos.size} infos that it had queued`)
    ledger.checkBatches()
  }

  /** All subscribers are cancelled, and a new one subscribes, which must not get anything that was meant for them. */
  private replaceSubscribers(stage: SimulatedStage): void {
    for (const member of stage.ledger.members.values()) stage.cancel(member)
    stage.emit(FEW)
    stage.subscribe()
    stage.emit(FEW)
    stage.balance(false)
  }
}
