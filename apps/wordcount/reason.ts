/** The reason why reading failed: `EACCES: permission denied`, without the path at the end of such a message. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { syscall } = error as NodeJS.ErrnoException
  const end = syscall === undefined ? -1 : error.message.indexOf(`, ${syscall}`)
  return end < 0 ? error.message : error.message.slice(0, end)
}
