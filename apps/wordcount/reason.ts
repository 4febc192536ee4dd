/** Why something could not be read: `EACCES: permission denied`, without the path that such a message ends with. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { syscall } = error as NodeJS.ErrnoException
  const end = syscall === undefined ? -1 : error.message.indexOf(`, ${syscall}`)
  return end < 0 ? error.message : error.message.slice(0, end)
}
