/** The empty array, frozen: an answer that says nothing costs nothing. */
export const nothing: readonly never[] = Object.freeze([])
