import { ExitError, type ExitReason, NoProcessError, StartError, StartIgnoredError } from 'genstage'

// FORMAT's words for exit reasons and for what a call came to, and ours for theirs.

/** The library's exit reason for one of FORMAT's. */
export function reasonFor(word: string): ExitReason {
  if (word.startsWith('shutdown:')) return { shutdown: word.slice('shutdown:'.length) }
  if (word.startsWith('error:')) return new Error(word.slice('error:'.length))
  return word
}

/** FORMAT's word for one of the library's exit reasons. */
export function wordFor(reason: ExitReason): string {
  if (reason instanceof Error) return `error:${reason.message}`
  if (typeof reason === 'object' && reason !== null && 'shutdown' in reason)
    return `shutdown:${String(reason.shutdown)}`
  if (reason === 'already-subscribed') return 'already_subscribed'
  return sharedWords.find((word) => word === reason) ?? 'oops'
}

/** What both call by the same name. */
const sharedWords = ['normal', 'shutdown', 'killed', 'noproc']

/** FORMAT's word for why a call has no reply. A reason without a word is given in full, so that it is a difference. */
export function wordForFailure(error: unknown): string {
  if (error instanceof NoProcessError) return 'exit:noproc'
  if (error instanceof ExitError) return `exit:${wordFor(error.reason)}`
  if (error instanceof StartIgnoredError) return 'ignore'
  if (error instanceof StartError) return `error:${wordFor(error.reason)}`
  return `rejected: ${String(error)}`
}

/** The result of a call: `ok`, or what `word` returns for the reply, or the reason why there was none. */
export async function resultOf<Reply>(
  call: () => Promise<Reply>,
  word: (reply: Reply) => unknown = () => 'ok',
): Promise<unknown> {
  try {
    return word(await call())
  } catch (error) {
    return wordForFailure(error)
  }
}
